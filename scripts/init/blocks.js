// Blocks of lines that belong to the example or to the template, marked in comments:
//
//   # example: begin … # example: end    there only with the example; also as // and <!-- -->, each on a line of its own
//   … # template                         a single line; here there only in the template itself
//   <!-- own: begin … own: end -->       Markdown that shows up when the example is gone
//   // own: begin … // own: end          the same in code, where each of its lines is a comment

/** @typedef {"example" | "template"} Owner */

const marker = /^\s*(?:#|\/\/|<!--)\s*(example|template): (begin|end)(?:\s*-->)?\s*$/;
const single = /\s(?:#|\/\/|<!--)\s*(example|template)(?:\s*-->)?$/;
const ownMarkdown = /^<!-- own: begin\n([\s\S]*?)^own: end -->\n/gm;
const ownCode = /^ *\/\/ own: begin\n([\s\S]*?)^ *\/\/ own: end\n/gm;

/**
 * Cuts the blocks of the template and, unless `keepExample`, those of the example; what is left has no markers.
 *
 * @param {string} text
 * @param {boolean} keepExample
 * @throws {Error} when a block has no end or no beginning
 */
export function cutBlocks(text, keepExample) {
  const kept = text
    .replace(ownMarkdown, (_, content) => (keepExample ? "" : content))
    .replace(ownCode, (_, content) => (keepExample ? "" : content.replace(/^( *)\/\/ /gm, "$1")));
  if (!kept.split("\n").some((line) => marker.test(line) || single.test(line))) return kept;
  /** @type {string[]} */
  const lines = [];
  /** @type {string | undefined} */
  let open;
  let cut = false;
  for (const line of kept.split("\n")) {
    const [, owner, edge] = marker.exec(line) ?? [];
    if (owner !== undefined) {
      if ((edge === "begin") === (open !== undefined) || (edge === "end" && owner !== open)) {
        throw new Error(`unexpected line: ${line.trim()}`);
      }
      open = edge === "begin" ? owner : undefined;
      cut = true;
      continue;
    }
    if (open !== undefined && isCut(open, keepExample)) continue;
    const lineOwner = single.exec(line)?.[1];
    if (lineOwner !== undefined && isCut(lineOwner, keepExample)) continue;
    // A cut must not leave two empty lines, or one at the beginning.
    if (cut && line === "" && (lines.at(-1) ?? "") === "") continue;
    if (line !== "") cut = false;
    lines.push(line.replace(single, ""));
  }
  if (open !== undefined) throw new Error(`the block "${open}" has no end`);
  return lines.join("\n");
}

/** @param {string} owner @param {boolean} keepExample */
function isCut(owner, keepExample) {
  return owner === "template" || !keepExample;
}
