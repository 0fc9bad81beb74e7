// Puts the ONNX Runtime engine under mixed load for minutes or hours, in a process of its own, and fails when that process
// dies, gives another answer than before, or grows.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'bound-mib': { type: 'string', default: '64' },
    help: { type: 'boolean', default: false },
  },
})
const [minutes, seed, boundMiB] = [values.minutes, values.seed, values['bound-mib']].map(Number)

if (values.help || !(Number(minutes) > 0) || !Number.isInteger(seed) || !(Number(boundMiB) > 0)) {
  process.stdout.write('npm run soak -- [--minutes 10] [--seed N] [--bound-mib 64]\n')
  process.exitCode = values.help ? 0 : 2
} else if (positionals[0] === 'work') {
  const { soak } = await import('./soak/work.ts')
  await soak({ minutes: Number(minutes), seed: Number(seed), boundMiB: Number(boundMiB) })
} else {
  process.stdout.write(`seed ${seed}, ${minutes} minutes, growth of at most ${boundMiB} MiB\n`)
  const settings = [`--minutes=${minutes}`, `--seed=${seed}`, `--bound-mib=${boundMiB}`]
  const child = spawn(process.execPath, ['--expose-gc', import.meta.filename, 'work', ...settings], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    const isGood = code === 0
    process.stdout.write(isGood ? 'it held\n' : `it did not hold: ${signal ?? `exit code ${code}`} (seed ${seed})\n`)
    process.exitCode = isGood ? 0 : 1
  })
}
