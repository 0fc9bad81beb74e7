// A replica in a process of its own, for tests: x FP64 [rows, 1] to y, tenfold, from a model with weaknesses.
import { appendFileSync, existsSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Tensors } from '../../tensor/tensor.ts'
import { createRunQueue, serveFrames } from './index.ts'
import { numbersOf, tenfold } from './tenfold.fixture.ts'

/** What the first number of a run makes the model do. */
export const MAKES_IT = { die: -13, hang: -14, exit: -15 } as const

const [socket = '', ranFile = '', failsWhile = ''] = process.argv.slice(2)

function run(inputs: Tensors): Tensors {
  const numbers = numbersOf(inputs, 'x')
  // appended in one piece: lines of several processes do not mix
  if (ranFile !== '') appendFileSync(ranFile, `${numbers.join(' ')}\n`)
  if (numbers.includes(MAKES_IT.die)) process.kill(process.pid, 'SIGKILL')
  if (numbers.includes(MAKES_IT.exit)) process.exit(0)
  if (numbers.includes(MAKES_IT.hang)) for (;;);
  return tenfold(inputs)
}

if (failsWhile !== '' && existsSync(failsWhile)) process.exit(3)
if (socket !== '') {
  const server = createServer()
  const program = { run }
  serveFrames(
    server,
    createRunQueue({ program, place: 'in-tick', concurrency: 1, outputs: ['y'], now: () => performance.now() }),
  )
  rmSync(socket, { force: true })
  server.listen(socket)
}
