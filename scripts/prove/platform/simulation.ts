import { PLANTED_BUGS } from '../../../src/control/reconcile/options.ts'
import { simulate } from '../../../src/control/simulation/simulate.ts'
import { tell, type Found, type Proof, type ProofOptions } from '../proof.ts'

/** Runs imagined histories of the control plane, one seed after the other. */
export const simulation: Proof = {
  name: 'simulation',
  claim: 'whatever fails in whichever order, control holds what must hold and comes to rest as it is wanted',
  plant: `the reconciler has one of ${PLANTED_BUGS.length} faults, in turn`,
  seconds: 60,
  run: (options) => proveSimulation(options),
}

/** Each history takes the next seed; the first is as it is named. */
export async function proveSimulation({ seconds, seed, steps, signal, isPlanted }: ProofOptions): Promise<Found> {
  const faults: string[] = []
  const begunMs = performance.now()
  let seeds = 0
  let virtualMs = 0
  let lives = 0
  let happened = 0
  do {
    const plantedBug = isPlanted === true ? PLANTED_BUGS[seeds % PLANTED_BUGS.length] : undefined
    try {
      const simulated = await simulate({ seed: seed + seeds, steps, plantedBug })
      virtualMs += simulated.virtualMs
      lives += simulated.lives
      for (const count of Object.values(simulated.counts)) happened += count
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error))
    }
    seeds++
  } while (performance.now() - begunMs < seconds * 1000 && faults.length < 3 && !signal.aborted)
  const perSecond = (seeds * 1000) / (performance.now() - begunMs)
  return tell({
    times: seeds,
    failed: faults.length,
    requests: seeds,
    remark: `seeds ${seed} to ${seed + seeds - 1}, ${perSecond.toFixed(0)} a second: ${(virtualMs / 86_400_000).toFixed(1)} days, ${lives} lives of control, ${happened} events`,
    faults,
  })
}
