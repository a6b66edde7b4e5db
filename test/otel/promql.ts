// Extracts names from the rules' PromQL without a full parser: enough for the forms that they use, and an unsupported form shows up
// as an unknown name.

/** `series`: metric names. `patterns`: regular expressions on `__name__`. `labels`: labels matched or grouped by. */
export interface Mentioned {
  series: string[];
  patterns: string[];
  labels: string[];
}

const operators = new Set(["and", "or", "unless", "offset"]);

export function mentioned(expr: string): Mentioned {
  const patterns = [...expr.matchAll(/__name__=~"([^"]*)"/g)].flatMap(([, pattern]) => pattern ?? []);
  const bare = expr.replaceAll(/"[^"]*"/g, '""');
  const matched = [...bare.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*""/g)].flatMap(([, label]) => label ?? []);
  const lists = [...bare.matchAll(/\b(?:by|on|ignoring) \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/,\s*/));
  const rest = bare
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|ignoring) \([^)]*\)|\boffset \w+|""/g, " ")
    .replaceAll(/[a-z_0-9]+\s*\(/g, "(");
  const names = rest.match(/[a-zA-Z_:][\w:]*/g) ?? [];
  const labels = [...matched, ...lists].filter((label) => label !== "__name__" && label !== "le");
  return { series: names.filter((name) => !operators.has(name)), patterns, labels: [...new Set(labels)] };
}

/** The numbers on the right of comparisons; products are multiplied out. */
export function thresholds(expr: string): number[] {
  return [...expr.matchAll(/(?:>=|<=|==|[<>])\s*([\d.]+(?:\s*\*\s*[\d.]+)*)/g)].map(([, product = ""]) =>
    product.split("*").reduce((result, factor) => result * Number(factor), 1),
  );
}
