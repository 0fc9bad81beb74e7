/**
 * How many answers still come in time when three and ten times as many requests arrive as Slipway can answer, as a
 * table. Exits with 1 when too few do.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { EXIT } from '../../src/cli/command.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { overload, overloadFaults, overloadTable, type OverloadResult } from './overload.ts'
import { FOLDER } from './paths.ts'
import { BUILT, SOURCE } from './plans.ts'
import { checkStatus } from './question.ts'
import { startServer } from './servers.ts'
import { makeSlowModel, SLOW_ROW } from './slow-model.ts'

const HELP = `node scripts/bench/prove-overload.ts [options]: goodput at 1, 3 and 10 times of what Slipway can do

  --seconds N      length of each measurement (4)
  --rounds N       times that each load is measured (2)
  --deadline MS    how long a caller waits (250)
  --layers N       cost of the model, a tenth of a millisecond each (96)
  --connections N  most requests under way at once (3000)
  --serve 'ARGS'   further arguments of \`slipway serve\`
  --built          dist/slipway.js in place of the sources
  --json           one JSON document on stdout in place of the table
`

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '2' },
    deadline: { type: 'string', default: '250' },
    layers: { type: 'string', default: '96' },
    connections: { type: 'string', default: '3000' },
    serve: { type: 'string', default: '' },
    built: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help === true) process.stdout.write(HELP)
else {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
  const result = await prove(stopping.signal)
  const faults = overloadFaults(result)
  process.stdout.write(values.json === true ? `${JSON.stringify({ ...result, faults })}\n` : overloadTable(result))
  for (const fault of faults) process.stderr.write(`overload: ${fault}\n`)
  process.exitCode = faults.length === 0 ? EXIT.done : EXIT.failed
}

async function prove(signal: AbortSignal): Promise<OverloadResult> {
  const folder = join(FOLDER, 'overload')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'slow.onnx')
  writeFileSync(file, makeSlowModel(Number(values.layers)))
  const headers = { 'content-type': 'application/json' }
  const exchange = {
    path: '/v2/models/slow/infer',
    headers,
    body: JSON.stringify({ inputs: [SLOW_ROW] }),
    check: checkStatus,
  }
  const entry = values.built === true ? BUILT : SOURCE
  const extra = values.serve.split(' ').filter((word) => word !== '')
  const server = await startServer(
    {
      name: 'slipway',
      command: process.execPath,
      args: (port) => [entry, 'serve', file, '--port', `${port}`, '--data', join(folder, 'data'), ...extra],
      exchanges: new Map([[1, exchange]]),
      logFile: join(folder, 'slipway.log'),
    },
    signal,
  )
  const progress = createProgress('overload', process.stderr, () => performance.now())
  try {
    const result = await overload({
      port: server.port,
      path: exchange.path,
      headers,
      inputs: [SLOW_ROW],
      deadlineMs: Number(values.deadline),
      factors: [1, 3, 10],
      seconds: Number(values.seconds),
      rounds: Number(values.rounds),
      connections: Number(values.connections),
      signal,
      onStep: (text, fraction) => progress.update(fraction, text),
    })
    progress.finish('done')
    return result
  } finally {
    await server.stop()
  }
}
