import { availableParallelism } from 'node:os'
import type { Manifest } from '../bundle/manifest.ts'
import { codeIn } from '../bundle/program.ts'
import type { Choice, Choices } from '../runtime/choices.ts'
import { choose } from '../runtime/choose.ts'
import { inProcesses } from '../runtime/in-processes.ts'
import type { Profile } from '../runtime/profile.ts'
import { IN_PROCESS_SETTINGS } from '../server/settings.ts'

/** What a model costs on this machine, and how `slipway serve` would run it when nobody says otherwise. */
export function choicesHere(profile: Profile | undefined, manifest?: Manifest): Choices {
  const code = manifest === undefined ? undefined : codeIn(manifest.program)
  if (code !== undefined) return inProcesses(choose({ profile, engines: [code], cores: 1, timeoutMs: 60_000 }), 1)
  return choose({ profile, engines: IN_PROCESS_SETTINGS.engines, cores: availableParallelism(), timeoutMs: 60_000 })
}

/** Lines for a person: what was measured, and each choice with its reason. */
export function describeChoices(profile: Profile | undefined, choices: Choices): string {
  const lines: [string, string][] = Object.entries(profile?.engines ?? {}).map(
    ([engine, { curve, loadMs, memoryMiB }]) => [
      'measured',
      `${engine}: ${curve.map(({ rows, ms }) => `${rows} rows ${formatMs(ms)}`).join(', ')}; loads in ${formatMs(loadMs)}, ${memoryMiB} MiB`,
    ],
  )
  const { engines, plan, concurrency, maxBatchRows, preferredRows, windowMs, maxQueueRows, maxQueueDelayMs, start } =
    choices
  lines.push(
    line('engine', engines, engines.value[0]),
    line('plan', plan, plan.value),
    line('runs', concurrency, `${concurrency.value} at once`),
    line('batch', maxBatchRows, `up to ${maxBatchRows.value} rows`),
    line('sizes', preferredRows, preferredRows.value.length === 0 ? 'any' : preferredRows.value.join(', ')),
    line('window', windowMs, windowMs.value === 0 ? 'none' : `${windowMs.value} ms`),
    line('queue', maxQueueRows, `${maxQueueRows.value} rows`),
    line('wait', maxQueueDelayMs, `${maxQueueDelayMs.value} ms at most`),
    line('start', start, start.value),
  )
  return lines.map(([name, text]) => `${name.padEnd(9)} ${text}\n`).join('')
}

function line(name: string, { reason }: Choice<unknown>, shown: string | undefined): [string, string] {
  return [name, `${shown ?? 'none'}: ${reason}`]
}

function formatMs(ms: number): string {
  return ms < 1 ? `${Math.round(ms * 10_000) / 10} us` : `${Math.round(ms * 10) / 10} ms`
}
