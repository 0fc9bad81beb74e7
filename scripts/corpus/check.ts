// Compiles the corpus' models and compares their answers with the original libraries':
//   node scripts/corpus/check.ts [--filter text,text] [--version 1.5.2,1.9.1] [--list] [--json] [--corpus folder]
// Prints for each family how many are right, and the first of those that are not; --list names all of them, --json gives
// one line for each case. Ends with 1 where an answer is wrong or an error is none of ours.
import { parseArgs } from 'node:util'
import { checkCorpus, CORPUS, isCompilable, splitList, type Line } from './lines.ts'

const { values } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    version: { type: 'string', default: '' },
    corpus: { type: 'string', default: CORPUS },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
})

/** How many cases, and reasons, the short report names. */
const NAMED_CASES = 25
const NAMED_REASONS = 15

process.env.ORT_DISABLE_TELEMETRY = '1'
const lines: Line[] = []
const selection = { corpus: values.corpus, versions: splitList(values.version), texts: splitList(values.filter) }
for await (const line of checkCorpus(selection)) {
  lines.push(line)
  if (values.json) print(JSON.stringify(line))
}
if (!values.json) report(lines)
if (lines.some(({ verdict: { state } }) => state === 'wrong' || state === 'failed')) process.exitCode = 1

function report(all: readonly Line[]): void {
  const families = Object.groupBy(all, ({ about }) => about.family ?? about.id)
  for (const [family, of = []] of Object.entries(families)) print(`${family.padEnd(24)} ${counts(of)}`)
  print(`${'all'.padEnd(24)} ${counts(all)}`)
  for (const state of ['wrong', 'failed', 'incomplete'] as const) {
    const of = Object.values(byName(all.filter(({ verdict }) => verdict.state === state)))
    for (const same of values.list ? of : of.slice(0, NAMED_CASES)) print(`${state} ${describeSame(same ?? [])}`)
    if (of.length > NAMED_CASES && !values.list) print(`… ${of.length - NAMED_CASES} more ${state}: --list names them`)
  }
  const refused = all.filter((line) => line.verdict.state === 'refused' && isCompilable(line))
  if (values.list) for (const same of Object.values(byName(refused))) print(`refused ${describeSame(same ?? [])}`)
  const reasons = Object.entries(Object.groupBy(refused, (line) => reasonOf(line).replaceAll(/\d+/g, '#')))
  reasons.sort(([, a = []], [, b = []]) => b.length - a.length)
  for (const [reason, of = []] of values.list ? reasons : reasons.slice(0, NAMED_REASONS))
    print(`${String(of.length).padStart(5)} refused: ${reason} (${of[0]?.dir ?? ''})`)
  if (reasons.length > NAMED_REASONS && !values.list)
    print(`… ${reasons.length - NAMED_REASONS} more reasons: --list names them`)
}

function byName(of: readonly Line[]): Partial<Record<string, Line[]>> {
  return Object.groupBy(of, ({ about }) => about.id)
}

/** The same case of several versions in one line, with the first one's reason. */
function describeSame([first, ...others]: readonly Line[]): string {
  if (first === undefined) return ''
  const more = others.length === 0 ? '' : ` (and ${others.map(({ about }) => about.libs['sklearn']).join(', ')})`
  return `${first.dir}${more}: ${reasonOf(first)}`
}

function counts(of: readonly Line[]): string {
  const count = (state: string) => of.filter(({ verdict }) => verdict.state === state).length
  const refused = of.filter((line) => line.verdict.state === 'refused' && isCompilable(line)).length
  const largest = Math.max(0, ...of.map(({ verdict }) => (verdict.state === 'right' ? verdict.largest : 0)))
  const others = (
    [
      [count('wrong'), 'WRONG'],
      [count('failed'), 'FAILED'],
      [count('incomplete'), 'incomplete'],
      [refused, 'not compiled'],
      [count('refused') - refused, 'rightly refused'],
    ] as const
  )
    .filter(([n]) => n > 0)
    .map(([n, word]) => `, ${n} ${word}`)
  const difference = largest > 0 ? `; largest difference ${largest.toExponential(1)}` : ''
  return `${count('right')} of ${of.length} right${others.join('')}${difference}`
}

function reasonOf({ verdict }: Line): string {
  const text = 'reason' in verdict ? verdict.reason : ''
  return text.length > 170 ? `${text.slice(0, 170)}…` : text
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
