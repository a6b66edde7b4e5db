// Builds HTML as text. Everything that comes from the service, such as paths and reasons, goes through `escaped`.

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`).replace(/\p{Cc}/gu, "\u{FFFD}");
}

/** Void elements are closed, so the page is well-formed XML too. */
export function tag(name: string, attributes: Readonly<Record<string, string | number>>, ...content: string[]): string {
  const attributeText = Object.entries(attributes).map(([key, value]) => {
    return ` ${key}="${typeof value === "number" ? Number(value.toFixed(2)) : escaped(value)}"`;
  });
  return content.length === 0
    ? `<${name}${attributeText.join("")}/>`
    : `<${name}${attributeText.join("")}>${content.join("")}</${name}>`;
}

/** An SVG at its own size, never scaled, so its text is as large as the page's. */
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

/** Draws the chart twice, for desktop or paper and for a phone; the style sheet shows one of them. */
export function inBothWidths(draw: (kind: "wide" | "narrow", width: number) => string): string {
  return draw("wide", 860) + draw("narrow", 340);
}
