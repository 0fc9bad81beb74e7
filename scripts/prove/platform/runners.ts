import type { Proof } from '../proof.ts'
import { killRunners } from '../runner.ts'
import { servePlatform } from './served-platform.ts'

/** Kills one of the platform's two runners after the other. */
export const runners: Proof = {
  name: 'runners',
  claim:
    'a runner of the platform that is killed takes only its own connections with it, and comes back with its endpoints',
  plant: 'the other runner dies too',
  seconds: 45,
  run: async (options) =>
    killRunners(options, await servePlatform(options.folder, 'runners'), [
      { clients: 8 },
      { clients: 2, isGrpc: true },
      { clients: 4, isFresh: true, pauseMs: 4 },
    ]),
}
