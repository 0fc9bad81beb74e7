import { overloadProof } from './overload.ts'
import { authorisation } from './platform/authorisation.ts'
import { canary } from './platform/canary.ts'
import { controlAway } from './platform/control-away.ts'
import { controlCrash } from './platform/control-crash.ts'
import { diskFull } from './platform/disk-full.ts'
import { isolated } from './platform/isolated.ts'
import { overloadPlatform } from './platform/overload-platform.ts'
import { rollouts } from './platform/rollouts.ts'
import { runners } from './platform/runners.ts'
import { simulation } from './platform/simulation.ts'
import type { Proof } from './proof.ts'
import { reload } from './reload.ts'
import { rolling } from './rolling.ts'
import { runner } from './runner.ts'
import { terminate } from './terminate.ts'
import { workers } from './workers.ts'

/** Everything that the product must show, in the order in which it is shown: of `slipway serve`, then of the platform. */
export const PROOFS: readonly Proof[] = [
  workers,
  runner,
  reload,
  rolling,
  terminate,
  overloadProof,
  rollouts,
  isolated,
  runners,
  controlCrash,
  controlAway,
  authorisation,
  overloadPlatform,
  canary,
  diskFull,
  simulation,
]
