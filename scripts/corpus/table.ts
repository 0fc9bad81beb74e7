// Runs the whole corpus and writes the tables of docs/models.md anew, between their marks:
//   node scripts/corpus/table.ts [--corpus folder]
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkCorpus, CORPUS, type Line } from './lines.ts'
import { replaceBetweenMarks, tables } from './tables.ts'

const { values } = parseArgs({ options: { corpus: { type: 'string', default: CORPUS } } })

process.env.ORT_DISABLE_TELEMETRY = '1'
const lines: Line[] = []
for await (const line of checkCorpus({ corpus: values.corpus, versions: [], texts: [] })) lines.push(line)
const page = join(import.meta.dirname, '../../docs/models.md')
writeFileSync(page, replaceBetweenMarks(readFileSync(page, 'utf8'), tables(lines)))
const right = lines.filter(({ verdict }) => verdict.state === 'right').length
process.stdout.write(`${right} of ${lines.length} cases right; docs/models.md is written\n`)
