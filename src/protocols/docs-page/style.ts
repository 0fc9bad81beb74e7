/** The pages' style sheet: system fonts, light and dark by the reader's own setting, one column on a phone. */
export const STYLE = `
:root {
  --paper: #f5f7f8; --card: #ffffff; --ink: #1a2429; --soft: #526068; --line: #d8dfe3;
  --accent: #0a6570; --accent-ink: #ffffff; --tint: #e3f0f1; --quiet: #9fb4ba; --bad: #a8321f; --good: #1c7a45;
  --code: #eef2f4; --edge: #7d8b92;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #10171b; --card: #182126; --ink: #e4ebee; --soft: #a3b2b9; --line: #2b373d;
    --accent: #67c3cd; --accent-ink: #06262a; --tint: #15343a; --quiet: #4d626a; --bad: #ff9d8a; --good: #69cf96;
    --code: #121a1e; --edge: #6f8089;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; }
body { max-width: 72rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -0.02em; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 0 0 1rem; }
h3 { font-size: 0.875rem; font-weight: 600; color: var(--soft); margin: 0; }
p { margin: 0 0 0.75rem; }
a { color: var(--accent); }
code, pre, textarea, .kind { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, monospace; font-size: 0.8125rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.note { color: var(--soft); font-size: 0.875rem; margin: 0.75rem 0 0; }

nav ul { display: flex; flex-wrap: wrap; gap: 0.5rem; list-style: none; margin: 0 0 1.5rem; padding: 0; }
nav a { display: block; padding: 0.25rem 0.75rem; border: 1px solid var(--line); border-radius: 999px; text-decoration: none; font-size: 0.875rem; }
nav a[aria-current] { background: var(--tint); border-color: var(--accent); }

.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); gap: 0.75rem 2.5rem; margin: 0 0 2rem; font-size: 0.9375rem; }
.facts dt { color: var(--soft); font-size: 0.8125rem; }
.facts dd { margin: 0; }
.facts > div { min-width: 0; overflow-wrap: anywhere; }
.facts .wide { grid-column: 1 / -1; }
.state { display: inline-block; width: 0.6em; height: 0.6em; border-radius: 50%; margin-right: 0.45em; background: var(--quiet); }
.state.ready { background: var(--good); }

.tabs { display: flex; flex-wrap: wrap; gap: 0.4rem; margin: 0 0 1.25rem; }
.tabs button { font-weight: 400; font-size: 0.875rem; padding: 0.35rem 0.9rem; border-color: var(--line); background: var(--card); }
.tabs button[aria-selected='true'] { font-weight: 600; background: var(--tint); border-color: var(--accent); }

section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem; margin: 0 0 1.25rem; min-width: 0; }
.columns { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.25rem; align-items: stretch; }

fieldset { border: 0; margin: 0 0 1rem; padding: 0; min-width: 0; }
legend, .input > label { padding: 0; margin-bottom: 0.75rem; font-weight: 600; font-size: 0.9375rem; }
.input > label { display: block; }
.kind { color: var(--soft); font-weight: 400; margin-left: 0.4em; }
.fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0.9rem 1.25rem; align-items: end; }
.fields.table { grid-template-columns: repeat(auto-fill, minmax(min(100%, 10.5rem), 1fr)); gap: 0.75rem 1rem; }
.fields.long { max-height: 44rem; overflow-y: auto; padding: 4px; margin: -4px; }
.name { display: flex; align-items: baseline; justify-content: space-between; gap: 0.5rem; margin-bottom: 0.25rem; min-width: 0; }
.name .kind { font-size: 0.6875rem; flex: none; margin: 0; }
::placeholder { color: var(--soft); opacity: 1; font-style: italic; }
.choices { display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; }
.choice { display: inline-flex; gap: 0.4rem; align-items: baseline; font-size: 0.9375rem; overflow-wrap: anywhere; }
.choice input { width: auto; min-height: 0; }
.field label { font-size: 0.875rem; color: var(--soft); min-width: 0; overflow-wrap: anywhere; }
input, select, textarea {
  width: 100%; padding: 0.5rem 0.7rem; font-size: 1rem; color: var(--ink); background: var(--paper);
  border: 1px solid var(--edge); border-radius: 7px;
}
input, select { font-family: inherit; font-variant-numeric: tabular-nums; }
textarea { font-size: 0.875rem; line-height: 1.45; resize: vertical; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-top: 1.25rem; }
button { font: inherit; font-weight: 600; padding: 0.55rem 1.15rem; border-radius: 7px; border: 1px solid var(--edge); background: transparent; color: var(--ink); cursor: pointer; }
button:hover { background: var(--tint); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
button.primary:hover { filter: brightness(1.1); }
button.copy { padding: 0.2rem 0.75rem; font-size: 0.8125rem; flex: none; }

.in-sight { position: sticky; top: 1.5rem; }
#summary { color: var(--soft); font-size: 0.9375rem; }
#summary.failed { color: var(--bad); }
#summary strong { color: var(--ink); font-variant-numeric: tabular-nums; }
#summary.failed strong { color: inherit; }
.output { margin: 0 0 1.5rem; }
.output h3 { margin-bottom: 0.4rem; }
.value { font-size: 1.75rem; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums; }
.bars { list-style: none; margin: 0; padding: 0; display: grid; gap: 0.7rem; }
.bars .label { display: flex; justify-content: space-between; gap: 1rem; font-variant-numeric: tabular-nums; }
.bars .track { display: block; height: 0.6rem; border-radius: 999px; background: var(--code); border: 1px solid var(--line); overflow: hidden; }
.bars .fill { display: block; height: 100%; background: var(--quiet); }
.bars .top { font-weight: 600; }
.bars .top .fill { background: var(--accent); }

pre { margin: 0; padding: 0.9rem 1rem; background: var(--code); border: 1px solid var(--line); border-radius: 8px; white-space: pre-wrap; line-height: 1.55; max-height: 32rem; overflow: auto; }
#raw { margin-top: 0.5rem; max-height: 17rem; }
.block + .block { margin-top: 1.5rem; }
.block-title { display: flex; align-items: center; justify-content: space-between; gap: 1rem; margin-bottom: 0.5rem; }

.scroll { overflow-x: auto; }
.specs + .specs { margin-top: 2rem; }
.specs table { table-layout: fixed; }
.specs h3 { margin: 1rem 0 0.4rem; }
table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; font-size: 0.875rem; color: var(--soft); padding-bottom: 0.4rem; }
th, td { text-align: left; vertical-align: top; padding: 0.55rem 1rem 0.55rem 0; border-top: 1px solid var(--line); overflow-wrap: break-word; }
thead th { font-size: 0.8125rem; font-weight: 400; color: var(--soft); border-top: 0; }
tbody th { font-weight: 600; }
.names { columns: 4 13rem; column-gap: 1.5rem; margin: 0; padding-left: 1.75rem; font-size: 0.9375rem; }
.names li { break-inside: avoid; }
.names li::marker { color: var(--soft); }
.models { list-style: none; padding: 0; display: grid; gap: 0.75rem; }
.models li { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.25rem; }
.models a { font-weight: 600; margin-right: 0.75rem; }

@media (max-width: 48rem) {
  body { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.6rem; }
  section { padding: 1.1rem; border-radius: 10px; }
  .columns { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .fields, .fields.table { grid-template-columns: repeat(auto-fill, minmax(min(100%, 8.75rem), 1fr)); }
  .names { columns: 2 8.75rem; }
  th, td { padding-right: 0.75rem; }
}
@media (prefers-reduced-motion: no-preference) {
  .bars .fill { transition: width 0.25s ease-out; }
}
`
