// Checks every model file of the repository and writes test/models/not-compiled.txt anew; what is wrong is printed and
// stays off the list.
import { writeFileSync } from 'node:fs'
import { everyFixture, NOT_COMPILED } from '../../test/models/everything.fixture.ts'

process.env.ORT_DISABLE_TELEMETRY = '1'
const found: string[] = []
const counts = new Map<string, number>()
for (const fixture of [...everyFixture().values()].flat()) {
  const { name, expect } = fixture
  const verdict = await fixture.check()
  const isLeft = verdict.state === 'refused' && expect === 'compile-or-worker'
  const word = verdict.state === 'refused' ? (isLeft ? 'not compiled' : 'rightly refused') : verdict.state
  counts.set(word, (counts.get(word) ?? 0) + 1)
  if (isLeft) found.push(name)
  else if ('reason' in verdict && verdict.state !== 'refused')
    process.stdout.write(`${verdict.state} ${name}: ${verdict.reason.slice(0, 200)}\n`)
}
writeFileSync(NOT_COMPILED, found.map((name) => `${name}\n`).join(''))
process.stdout.write(`${[...counts].map(([word, count]) => `${count} ${word}`).join(', ')}\n`)
