// HTML as text. Whatever comes from the service, its paths and its reasons, goes through `escaped`.

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`).replace(/\p{Cc}/gu, "\u{FFFD}");
}

/** Every void element is closed, so that the page is well-formed XML too. */
export function tag(name: string, attributes: Readonly<Record<string, string | number>>, ...content: string[]): string {
  const given = Object.entries(attributes).map(([key, value]) => {
    return ` ${key}="${typeof value === "number" ? Number(value.toFixed(2)) : escaped(value)}"`;
  });
  return content.length === 0
    ? `<${name}${given.join("")}/>`
    : `<${name}${given.join("")}>${content.join("")}</${name}>`;
}

/** A drawing at its size, not scaled: its letters stay as large as the page's. */
export function drawing(
  kind: "wide" | "narrow",
  width: number,
  height: number,
  label: string,
  content: string[],
): string {
  return tag(
    "svg",
    { class: kind, width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    ...content,
  );
}

/** The same chart for a desktop or paper, and for a phone; the style sheet shows one of them. */
export function inBothWidths(draw: (kind: "wide" | "narrow", width: number) => string): string {
  return draw("wide", 860) + draw("narrow", 340);
}
