import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const SCRIPT = `
import { tidyUp } from ${JSON.stringify(join(import.meta.dirname, 'tidy.ts'))}
let garbage = { holder: new Array(1000).fill('x') }
const held = new WeakRef(garbage)
garbage = undefined
tidyUp(process.argv[1] === 'first')
setTimeout(() => process.stdout.write(String(held.deref() === undefined)), 1500)
`

test.for([
  ['first', []],
  ['first', ['--expose-gc']],
  ['later', []],
  ['later', ['--expose-gc']],
] as const)('what nobody holds is collected once the %s models are loaded, with the flags %j', ([when, flags]) => {
  const args = [...flags, '--input-type=module-typescript', '-e', SCRIPT, when]
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('true')
})

test('the flags are as they were afterwards, so that compiled code that is kept fits the next start', () => {
  const script = `
import v8 from 'node:v8'
import { tidyUp } from ${JSON.stringify(join(import.meta.dirname, 'tidy.ts'))}
const before = v8.cachedDataVersionTag()
tidyUp(true)
setTimeout(() => process.stdout.write(String(v8.cachedDataVersionTag() === before)), 1500)
`
  expect(execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script], { encoding: 'utf8' })).toBe(
    'true',
  )
})
