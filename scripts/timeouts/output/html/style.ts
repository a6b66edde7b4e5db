// The page's style sheet: one column that is readable on a phone, with charts of its own and cards instead of the table.
// On paper it is black on white, and nothing is split across pages.

export const style = `
:root { color-scheme: light dark; --paper: #fcfcfb; --card: #fff; --ink: #1c2127; --soft: #5c6670; --line: #dfe3e7;
  --good: #1c7c4a; --bad: #b3261e; --p50: #5b7fa8; --p95: #22456f; --p99: #8a6d3b; --max: #c0532f;
  --receive: #a3b545; --queue: #d6a02f; --auth: #8f6fc0; --pool: #cc6f43; --query: #3b76c9; --outbound: #26988b; --loop: #bb3d5c;
  --own: #77838f; --outside: #c2c9d0; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181c; --card: #1b2026; --ink: #e6e9ec; --soft: #9aa5b0; --line: #2f363e;
  --good: #5cc08a; --bad: #f0857c; --p50: #6f93bd; --p95: #a9c8ee; --p99: #cfae74; --max: #e58a66; --outside: #4b555f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", sans-serif; -webkit-text-size-adjust: 100%; }
main { max-width: 908px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 6px; overflow-wrap: anywhere; }
h2 { font-size: 1.0625rem; margin: 44px 0 10px; }
p { margin: 0 0 8px; }
.soft, footer { color: var(--soft); font-size: 0.875rem; }
.verdict { margin: 28px 0 0; padding: 18px 22px; background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--bad);
  border-radius: 6px; }
.verdict.well { border-left-color: var(--good); }
.verdict h2 { margin: 0 0 8px; font-size: 1.25rem; }
.verdict h2 small { display: block; font-size: 0.8125rem; font-weight: 400; color: var(--soft); }
.verdict ul { margin: 0 0 12px; padding-left: 1.1em; overflow-wrap: anywhere; }
.verdict ul:last-child { margin: 0; }
.verdict h3 { font-size: 0.875rem; margin: 0 0 2px; }
.targets { list-style: none; margin: 0; padding: 0; display: grid; gap: 10px; grid-template-columns: repeat(5, 1fr); }
.targets li { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 12px 14px; font-size: 0.8125rem;
  line-height: 1.35; color: var(--soft); }
.targets b { display: block; font-size: 1.25rem; line-height: 1.4; color: var(--ink); font-variant-numeric: tabular-nums; }
.targets .met b::before { content: "✓ "; color: var(--good); }
.targets .missed b::before { content: "✗ "; color: var(--bad); }
.targets .missed { border-color: var(--bad); }
table { width: 100%; border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 0 7px 14px; text-align: right; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th { font-weight: 500; color: var(--soft); font-size: 0.8125rem; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; text-align: left; overflow-wrap: anywhere; }
td.zero { color: var(--soft); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 0.8125rem; color: var(--soft); margin-bottom: 8px; }
.legend i { display: inline-block; width: 11px; height: 11px; margin-right: 6px; border-radius: 2px; }
.legend i.line { height: 3px; vertical-align: 3px; }
.legend i.dot { border-radius: 50%; }
svg { display: block; max-width: 100%; height: auto; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
svg.narrow { display: none; }
svg text { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; } svg .end, svg .middle, svg .note { fill: var(--soft); }
.end { text-anchor: end; } .middle { text-anchor: middle; }
.grid { stroke: var(--line); } .range { stroke: var(--soft); stroke-width: 1.5; }
.target { stroke: var(--bad); stroke-dasharray: 4 4; }
.curve { fill: none; stroke-width: 1.75; stroke-linejoin: round; }
.curve.p50 { stroke: var(--p50); } .curve.p95 { stroke: var(--p95); } .curve.max { stroke: var(--max); stroke-width: 1.25; }
circle.p50 { fill: var(--p50); } circle.p95 { fill: var(--p95); } circle.p99 { fill: var(--p99); } circle.max { fill: var(--max); }
i.p50 { background: var(--p50); } i.p95 { background: var(--p95); } i.p99 { background: var(--p99); } i.max { background: var(--max); }
rect.refused { fill: var(--queue); } rect.timedOut { fill: var(--bad); } rect.errors { fill: var(--auth); }
i.refused { background: var(--queue); } i.timedOut { background: var(--bad); } i.errors { background: var(--auth); }
${["receive", "queue", "auth", "pool", "query", "outbound", "loop", "own", "outside"]
  .map((phase) => `rect.phase-${phase} { fill: var(--${phase}); } i.phase-${phase} { background: var(--${phase}); }`)
  .join("\n")}
footer { margin-top: 48px; border-top: 1px solid var(--line); padding-top: 12px; }
@media screen and (max-width: 700px) {
  main { padding: 24px 16px 40px; } h1 { font-size: 1.375rem; } h2 { margin-top: 32px; }
  .verdict { padding: 14px 16px; }
  .targets { grid-template-columns: 1fr 1fr; } .targets li:first-child { grid-column: 1 / -1; }
  svg.wide { display: none; } svg.narrow { display: block; }
  thead { display: none; } tr { display: grid; grid-template-columns: repeat(3, 1fr); gap: 4px 12px; padding: 12px 0;
    border-bottom: 1px solid var(--line); }
  td, td:first-child { padding: 0; border: 0; text-align: left; } td:first-child { grid-column: 1 / -1; font-weight: 600; }
  td[data-name]::before { content: attr(data-name); display: block; font-size: 0.75rem; color: var(--soft); }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --good: #14623a; --bad: #a11; --p50: #5b7fa8;
    --p95: #22456f; --p99: #8a6d3b; --max: #c0532f; --outside: #c2c9d0; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  html { font-size: 12px; } body { font-size: 1rem; } main { max-width: none; padding: 0; } h2 { margin-top: 16pt; break-after: avoid; }
  section, .verdict, .targets li, tr { break-inside: avoid; }
}
@page { margin: 14mm; }
`;
