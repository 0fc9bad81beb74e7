import { byVersion, isCompilable, type Line } from './lines.ts'

const [BEGIN, END] = ['<!-- tables: begin -->', '<!-- tables: end -->']

/** Libraries that have a table of their own, with the families of cases that belong to it. */
const LIBRARIES = [
  {
    title: 'scikit-learn',
    library: 'sklearn',
    has: (family: string) => !['xgboost', 'lightgbm', 'imblearn'].includes(family),
  },
  { title: 'XGBoost', library: 'xgboost', has: (family: string) => family === 'xgboost' },
  { title: 'LightGBM', library: 'lightgbm', has: (family: string) => family === 'lightgbm' },
  { title: 'imbalanced-learn', library: 'imbalanced-learn', has: (family: string) => family === 'imblearn' },
] as const

/** Tables of what is compiled, by estimator and version of its library. */
export function tables(lines: readonly Line[]): string {
  const compilable = lines.filter(isCompilable)
  return LIBRARIES.map(({ title, library, has }) => {
    const of = compilable.filter(({ about }) => has(about.family ?? ''))
    return `## ${title}\n\n${table(of, (line) => line.about.libs[library] ?? '?')}`
  }).join('\n\n')
}

function table(lines: readonly Line[], versionOf: (line: Line) => string): string {
  const versions = [...new Set(lines.map(versionOf))].toSorted(byVersion)
  const header = ['estimator', ...versions, 'largest difference', 'one row, µs', 'original, µs']
  const rules = header.map((_, i) => (i === 0 ? '---' : '--:'))
  const estimators = Object.entries(Object.groupBy(lines, ({ about }) => about.estimator ?? about.id))
  const rows = estimators
    .toSorted(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([estimator, of = []]) => {
      const cells = versions.map((version) => cell(of.filter((line) => versionOf(line) === version)))
      return [estimator, ...cells, ...figures(of)]
    })
  return [header, rules, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** How many of a version's cases give the original's answers: one number where all do. */
function cell(of: readonly Line[]): string {
  if (of.length === 0) return ''
  const right = of.filter(({ verdict }) => verdict.state === 'right').length
  return right === of.length ? String(right) : `${right} of ${of.length}`
}

function figures(of: readonly Line[]): string[] {
  const timed = of.flatMap(({ verdict, about }) => {
    if (verdict.state !== 'right' || about.original === undefined) return []
    const own = Math.min(...Object.values(verdict.oneRowUs))
    return [{ largest: verdict.largest, own, original: about.original.one_row_p50_us }]
  })
  if (timed.length === 0) return ['', '', '']
  const largest = Math.max(...timed.map((one) => one.largest))
  return [
    largest === 0 ? '0' : largest.toExponential(0),
    micros(median(timed.map(({ own }) => own))),
    micros(median(timed.map(({ original }) => original))),
  ]
}

function micros(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

/** @throws {Error} when the page has no marks, or they are in the wrong order */
export function replaceBetweenMarks(page: string, text: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`the page has no ${BEGIN} before ${END}`)
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`
}
