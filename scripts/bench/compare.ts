import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Progress } from '../../src/cli/progress.ts'
import { ServingError } from '../../src/core/errors.ts'
import { load, writeScript } from './load.ts'
import { measure } from './measure.ts'
import type { BenchOptions } from './options.ts'
import { FOLDER } from './paths.ts'
import { slipwayPlan, type PlanOptions } from './plans.ts'
import { memoryBytes, treeOf } from './proc.ts'
import { ask } from './question.ts'
import type { Cell, ServerFacts } from './results.ts'
import { planTurns, type Turn } from './schedule.ts'
import { startServer, type RunningServer, type ServerPlan } from './servers.ts'

/** How long each server is loaded before it is measured. */
export const WARM_UP_SECONDS = 1

/** A measurement is disturbed when other work on the machine took more than this meanwhile (cores). */
const DISTURBED_CORES = 0.25

/** Slipway's start on a machine that does not know the model yet: it is read, checked and compiled first. */
export async function measureFirstStart(
  options: PlanOptions,
  signal: AbortSignal,
): Promise<{ startMs: number; answerBytes: number }> {
  rmSync(join(options.folder, 'data'), { recursive: true, force: true })
  const server = await startServer(slipwayPlan(options), signal)
  try {
    return { startMs: server.startMs, answerBytes: Buffer.byteLength((await ask(server.port, signal)).text) }
  } finally {
    await server.stop()
  }
}

/** Starts each server alone, again and again, the servers in turn. */
export async function measureStarts(
  plans: readonly ServerPlan[],
  { starts, seed }: BenchOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<Map<string, number[]>> {
  const names = plans.map((plan) => plan.name)
  const turns = planTurns(names, [1], starts, seed)
  const found = new Map(names.map((name): [string, number[]] => [name, []]))
  for (const [i, turn] of turns.entries()) {
    progress.update(i / turns.length, `start ${turn.round + 1} of ${starts}: ${turn.server}`)
    const server = await startServer(named(plans, turn.server), signal)
    found.get(turn.server)?.push(server.startMs)
    await server.stop()
  }
  return found
}

/** What the load shows of a server besides its speed. */
type LoadFacts = Omit<ServerFacts, 'startMs' | 'firstStartMs'>

/** Keeps all servers up, idle but for the one whose turn it is. */
export async function measureLoad(
  plans: readonly ServerPlan[],
  options: BenchOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ facts: LoadFacts[]; cells: Cell[] }> {
  const script = join(FOLDER, 'infer.lua')
  writeScript(script)
  const servers: RunningServer[] = []
  try {
    for (const plan of plans) servers.push(await startServer(plan, signal))
    const idleBytes = new Map<string, number>()
    for (const server of servers) {
      await load(server.port, 8, WARM_UP_SECONDS, script, signal)
      idleBytes.set(server.name, memoryBytes(treeOf(server.pid)))
    }
    const cells = await takeTurns(servers, options, script, progress, signal)
    const facts: LoadFacts[] = []
    for (const { name, port, pid } of servers) {
      const answer = await ask(port, signal)
      const wrong = named(plans, name).check(answer)
      if (wrong !== undefined) throw new ServingError('internal', `${name} answers wrongly after the load: ${wrong}`)
      facts.push({
        server: name,
        answerBytes: Buffer.byteLength(answer.text),
        idleBytes: idleBytes.get(name) ?? NaN,
        loadedBytes: memoryBytes(treeOf(pid)),
      })
    }
    return { facts, cells }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
}

/**
 * Takes all turns, round by round. What other work on the machine disturbed is taken again at the end of its round, and
 * the quieter one kept: whose turn it was has no say in that.
 */
async function takeTurns(
  servers: readonly RunningServer[],
  { rounds, seconds, connections, seed, repeats }: BenchOptions,
  script: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<Cell[]> {
  const names = servers.map((server) => server.name)
  const turns = planTurns(names, connections, rounds, seed)
  const perRound = turns.length / rounds
  const cells: Cell[] = []
  for (let round = 0; round < rounds; round++) {
    let waiting = turns.slice(round * perRound, (round + 1) * perRound)
    const best = new Map<Turn, Cell>()
    for (let pass = 0; pass <= repeats && waiting.length > 0; pass++) {
      for (const [i, turn] of waiting.entries()) {
        const which = pass === 0 ? '' : `, again (${i + 1} of ${waiting.length} disturbed)`
        const text = `round ${round + 1} of ${rounds}${which}: ${turn.server}, ${turn.connections} at once`
        progress.update((round * perRound + (pass === 0 ? i : perRound - 1)) / turns.length, text)
        const options = { warmUpSeconds: WARM_UP_SECONDS, seconds, script, signal }
        const cell = await measure(named(servers, turn.server), turn, options)
        const known = best.get(turn)
        if (known === undefined || cell.otherCores < known.otherCores) best.set(turn, cell)
      }
      waiting = waiting.filter((turn) => (best.get(turn)?.otherCores ?? Infinity) > DISTURBED_CORES)
    }
    cells.push(...best.values())
  }
  return cells
}

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((each) => each.name === name)
  if (found === undefined) throw new Error(`there is no server ${name}; this is a bug`)
  return found
}
