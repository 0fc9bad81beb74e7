import { caseName, type Case } from './cases.ts'
import { measure, WARM_UP_SECONDS } from './measure.ts'
import type { BenchModel } from './models.ts'
import { memoryBytes, proportionalBytes, treeOf } from './proc.ts'
import type { Cell, LoadedFacts } from './results.ts'
import { tolerate, type Run } from './run.ts'
import { planTurns, type Turn } from './schedule.ts'
import { START_SECONDS } from './starts.ts'
import { canAnswer, startServer, type RunningServer, type ServerPlan } from './servers.ts'

/** A measurement is disturbed when other work on the machine took more than this meanwhile (cores). */
const DISTURBED_CORES = 0.25

/** What one measurement should take (s). */
export function turnSeconds({ seconds }: { readonly seconds: number }): number {
  return WARM_UP_SECONDS + seconds + 0.3
}

/** Keeps all servers of one model up, idle but for the one whose turn it is. What fails is left out from then on. */
export async function measureLoad(
  run: Run,
  model: BenchModel,
  plans: readonly ServerPlan[],
  cases: readonly Case[],
): Promise<{ loaded: LoadedFacts[]; cells: Cell[] }> {
  const servers = new Map<string, RunningServer>()
  try {
    for (const plan of plans) {
      run.timeline.begin(START_SECONDS, `${model.name}: starting ${plan.name}`)
      const server = await tolerate(run, plan.name, model.name, () => startServer(plan, run.signal))
      if (server !== undefined) {
        server.pause()
        servers.set(plan.name, server)
      } else {
        const own = cases.filter((each) => canAnswer(plan, each))
        run.timeline.skip(run.options.rounds * own.length * turnSeconds(run.options))
      }
    }
    const cells = await takeTurns(run, servers, cases)
    const loaded: LoadedFacts[] = []
    for (const server of servers.values()) {
      const tree = treeOf(server.pid)
      const memory = { memoryBytes: memoryBytes(tree), proportionalBytes: proportionalBytes(tree) }
      loaded.push({ server: server.name, model: model.name, ...memory })
    }
    return { loaded, cells }
  } finally {
    await Promise.all([...servers.values()].map((server) => server.stop()))
  }
}

/**
 * Takes all turns, round by round. What other work on the machine disturbed is taken again at the end of its round, and
 * the quieter one kept: whose turn it was has no say in that.
 */
export async function takeTurns(
  run: Run,
  servers: Map<string, RunningServer>,
  cases: readonly Case[],
): Promise<Cell[]> {
  const { rounds, seed, repeats } = run.options
  const isAsked = (name: string, which: Case) => {
    const plan = servers.get(name)?.plan
    return plan !== undefined && canAnswer(plan, which)
  }
  const turns = planTurns([...servers.keys()], cases, rounds, seed, isAsked)
  const perRound = turns.length / rounds
  const cells: Cell[] = []
  for (let round = 0; round < rounds; round++) {
    let waiting = turns.slice(round * perRound, (round + 1) * perRound)
    const best = new Map<Turn, Cell>()
    for (let pass = 0; pass <= repeats && waiting.length > 0; pass++) {
      for (const [i, turn] of waiting.entries()) {
        const which = pass === 0 ? '' : `, again (${i + 1} of ${waiting.length} disturbed)`
        const text = `${caseName(turn)}, round ${round + 1} of ${rounds}${which}: ${turn.server}`
        run.timeline.begin(pass === 0 ? turnSeconds(run.options) : 0, text)
        const cell = await takeTurn(run, servers, turn)
        const known = best.get(turn)
        if (cell !== undefined && (known === undefined || cell.otherCores < known.otherCores)) best.set(turn, cell)
      }
      waiting = waiting.filter((turn) => (best.get(turn)?.otherCores ?? 0) > DISTURBED_CORES)
    }
    cells.push(...best.values())
  }
  return cells
}

/** Measures one server in one case. One that fails is left out from then on. */
async function takeTurn(run: Run, servers: Map<string, RunningServer>, turn: Turn): Promise<Cell | undefined> {
  const server = servers.get(turn.server)
  if (server === undefined) return undefined
  server.resume()
  const cell = await tolerate(run, turn.server, caseName(turn), () =>
    measure(server, turn, { seconds: run.options.seconds, signal: run.signal }),
  )
  if (cell === undefined) {
    servers.delete(turn.server)
    await server.stop()
  } else server.pause()
  return cell
}
