// `npm run check:words`: fails on phrases that are never plain English here, and prints what to write instead.
// Only unambiguous phrases belong in the list: a check that is often wrong gets turned off.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

interface Phrase {
  pattern: RegExp;
  /** What to write instead. */
  instead: string;
}

const phrases: readonly Phrase[] = [
  { pattern: /\bwhoever\b/i, instead: '"the caller that", "code that"' },
  { pattern: /\bfrom which on\b/i, instead: '"above which", "at which"' },
  { pattern: /\bnobody's business\b/i, instead: '"private", "redacted"' },
  { pattern: /\bthe one (?:that|which|who)\b/i, instead: 'the noun, such as "the endpoint that"' },
  // "There is no", "is no longer" and the like are fine.
  {
    pattern: /(?<!\bthere )\b(?:is|are) no (?!longer|more|less|better|worse|different|reason)/i,
    instead: '"is not a"',
  },
  { pattern: /\bg(?:ives?|iving|ave|iven) (?:it |them |(?:its|the|a) \w+ )?back\b/i, instead: '"releases", "returns"' },
  { pattern: /\bfor ever\b/i, instead: '"forever"' },
  { pattern: /\bnot given: /i, instead: '"Default: …"' },
  { pattern: /\bto be had\b/i, instead: '"available"' },
  { pattern: /\bfor want of\b/i, instead: '"without", "because … is missing"' },
  { pattern: /\b(?:says?|tells?|said|told) of itself\b/i, instead: '"reports about itself"' },
  { pattern: /\bh(?:olds?|olding|eld) (?:its|a|an|the|their) places?\b/i, instead: '"holds a slot"' },
  { pattern: /\banew\b/i, instead: '"again", "new"' },
  {
    pattern: /\b(?:thereof|therein|thereupon|herein|wherein|whereupon)\b/i,
    instead: 'a plain "of it", "in it", "then"',
  },
  { pattern: /\bis to (?:be done|happen)\b/i, instead: '"must", "should", or the verb itself' },
];

/** Folders of dependencies, of git, and of what commands write. */
const notOurs = new Set(["node_modules", ".git", ".local", "coverage"]);

interface Finding {
  /** Counts from 1. */
  line: number;
  phrase: string;
  instead: string;
}

/** Finds the phrases in `text`, line by line. */
export function findPhrases(text: string): Finding[] {
  return text.split("\n").flatMap((content, index) =>
    phrases.flatMap(({ pattern, instead }) => {
      const match = pattern.exec(content);
      return match === null ? [] : [{ line: index + 1, phrase: match[0].trim(), instead }];
    }),
  );
}

/** Whether people write this file: not lock files, generated dashboards, or this check and its test. */
export function isChecked(file: string): boolean {
  const name = basename(file);
  if (/^grafana\/dashboards\//.test(file) || name === "package-lock.json" || /^check-words\b/.test(name)) return false;
  return /\.(?:[cm]?[jt]s|json|md|ya?ml)$/.test(name) || [".env.example", "Dockerfile"].includes(name);
}

/** Without git, which a downloaded archive lacks. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return notOurs.has(entry.name) ? [] : filesBelow(path);
  });
}

if (import.meta.main) {
  const lines = filesBelow(".")
    .filter(isChecked)
    .flatMap((file) =>
      findPhrases(readFileSync(file, "utf8")).map(
        ({ line, phrase, instead }) => `${file}:${line}: "${phrase}": write ${instead}`,
      ),
    );
  for (const line of lines) console.error(line);
  if (lines.length > 0) {
    console.error(`${lines.length} phrases to reword (npm run check:words)`);
    process.exitCode = 1;
  }
}
