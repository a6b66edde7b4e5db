// What a log line or a span may say about an error: which one it is and where it was thrown, but none of the values that it
// was thrown about. Libraries attach those as properties (a driver its statement, Node the text that is no URL, a parser
// the packet), and quote them in messages (a duplicate e-mail address, the start of a body that is no JSON).

/** Set by error classes whose messages come from our own code and quote no value: those messages may be logged. */
export const writesOwnMessages = Symbol("writes its own messages");

/** The parts of an error that are safe to log. `message` is missing where it may quote values; `stack` has the frames alone. */
export interface ErrorFields {
  type: string;
  code?: string;
  message?: string;
  stack?: string;
  cause?: ErrorFields;
  errors?: ErrorFields[];
}

const longestText = 300;
const mostFrames = 30;
/** Causes of causes, and the errors that an AggregateError is made of. */
const mostCauses = 5;
const noDepthLeft: ErrorFields = { type: "Error" };

/** Their messages are V8's, about names in the code, or come from a plain `new Error("…")`. SyntaxError quotes what it parsed. */
const builtIn: ReadonlySet<unknown> = new Set([Error, TypeError, RangeError, ReferenceError, EvalError, URIError]);
/** One line of V8's stack with a place in a file, and nothing that a message could bring in between. */
const frame = /^ {4}at (?:[\w$.<># [\]]{1,200} \()?(?:file:\/\/|node:|\/|[A-Za-z]:[\\/])[^\n()]{0,500}:\d+:\d+\)?$/;
/** Frames outside our own code: a library's plain `new Error(...)` may well quote what the library was given. */
const foreign = /node:|[\\/]node_modules[\\/]/;

/**
 * The fields of `error`, whatever it is; never throws. Of properties only `code` is taken, and `syscall` into the message.
 *
 * The first line of a message is kept, 300 characters of it, when the error is a Problem, or one of JavaScript's own classes,
 * without a `code`, thrown by code of the service itself; then what it quotes is masked. Of system errors (`ECONNREFUSED`) the message is the
 * system call and the code. Of all others (drivers, parsers, clients, validators) only class and code are kept: the stack makes up
 * for a missing message, but a leaked value cannot be taken back. The name of a property that was read of undefined is kept, even
 * when a client chose it.
 */
export function errorFields(error: unknown, depth = mostCauses): ErrorFields {
  try {
    if (!(error instanceof Error)) return { type: error === null ? "null" : typeof error };
    if (depth === 0) return noDepthLeft;
    return fieldsOf(error, depth - 1);
  } catch {
    return noDepthLeft;
  }
}

/** The same in a few words, for a field `reason`: of the error and of its cause, such as `TypeError: connect ECONNREFUSED`. */
export function reasonOf(error: unknown): string {
  const fields = errorFields(error);
  return [fields, ...(fields.cause === undefined ? [] : [fields.cause])]
    .map(({ type, code, message }) => message ?? code ?? type)
    .join(": ");
}

/** The same as an exception for a span of the SDK, which takes name, message and stack. */
export function exceptionOf(error: unknown): { name: string; message?: string; stack?: string } {
  const { type, code, message, stack } = errorFields(error);
  return { name: code ?? type, ...(message && { message }), ...(stack && { stack }) };
}

function fieldsOf(error: Error, depth: number): ErrorFields {
  const code = wordOf(error, "code");
  const frames = framesOf(error);
  const message = messageOf(error, code, frames);
  return {
    type: wordOf(error, "name") ?? "Error",
    ...(code !== undefined && { code }),
    ...(message !== undefined && { message }),
    ...(frames.length > 0 && { stack: frames.join("\n") }),
    ...(error.cause !== undefined && { cause: errorFields(error.cause, depth) }),
    ...(error instanceof AggregateError && {
      errors: error.errors.slice(0, mostCauses).map((one: unknown) => errorFields(one, Math.min(depth, 1))),
    }),
  };
}

function messageOf(error: Error, code: string | undefined, frames: readonly string[]): string | undefined {
  if (writesOwnMessages in error) return firstLine(error.message);
  if ("code" in error || "sqlState" in error) {
    const syscall = wordOf(error, "syscall");
    return syscall === undefined || code === undefined ? code : `${syscall} ${code}`;
  }
  const isOurs = builtIn.has(error.constructor) && frames[0] !== undefined && !foreign.test(frames[0]);
  return isOurs ? masked(firstLine(error.message)) : undefined;
}

function firstLine(text: string): string {
  return text.slice(0, longestText).split("\n", 1)[0] ?? "";
}

/** Without what V8's messages and ours quote: addresses, texts in quotes but for names of properties, and values at the end. */
function masked(message: string): string {
  return message
    .replaceAll(/[a-z][\w+.-]*:\/\/\S*/gi, "***")
    .replaceAll(/\((?:reading|setting) '[\w$]{1,64}'\)$|(["'`]).*?(?:\1|$)/gs, (all, quote?: string) =>
      quote === undefined ? all : `${quote}***${quote}`,
    )
    .replace(/^(Cannot use 'in' operator|Cannot use '\*\*\*' operator) .*$/s, "Cannot use 'in' operator")
    .replace(/(Iterator value|incompatible receiver|Class extends value) .*$/s, "$1 ***")
    .replace(/^((?:Invalid|Incorrect)[\w ]*): .*$/s, "$1: ***");
}

/** Only the frames, so that no line of a message passes for one: the message is cut out first, wherever it ends. */
function framesOf({ stack, message }: Error): string[] {
  if (typeof stack !== "string") return [];
  const at = message === "" ? -1 : stack.indexOf(message);
  const lines = (at === -1 ? stack : stack.slice(at + message.length)).split("\n");
  return lines.filter((line) => frame.test(line)).slice(0, mostFrames);
}

/** A property that is one word, such as a name or a code; anything else could be a value. */
function wordOf(error: Error, key: "name" | "code" | "syscall"): string | undefined {
  const value: unknown = Reflect.get(error, key);
  if (typeof value === "number") return String(value);
  return typeof value === "string" && /^[\w.-]{1,64}$/.test(value) ? value : undefined;
}
