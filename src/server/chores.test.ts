import { expect, test } from 'vitest'
import { createChores } from './chores.ts'

test('chores are done one after the other, once for all who asked before they began', async () => {
  const begun: string[] = []
  const gates: PromiseWithResolvers<void>[] = []
  const chores = createChores(async (chore: string) => {
    begun.push(chore)
    gates.push(Promise.withResolvers())
    await gates.at(-1)?.promise
  })
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  chores.add('reload')
  chores.add('reload')
  await turn()
  expect(begun).toEqual([])
  chores.begin()
  chores.add('restart')
  chores.add('reload') // the first has begun: what it has read may be older than this
  chores.add('reload')
  await turn()
  expect(begun).toEqual(['reload'])
  gates[0]?.resolve()
  await turn()
  expect(begun).toEqual(['reload', 'restart'])
  gates[1]?.resolve()
  await turn()
  expect(begun).toEqual(['reload', 'restart', 'reload'])
  chores.add('restart')
  const stopped = chores.stop()
  gates[2]?.resolve()
  await stopped
  expect(begun).toHaveLength(3)
})
