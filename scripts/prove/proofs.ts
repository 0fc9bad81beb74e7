import { overloadProof } from './overload.ts'
import type { Proof } from './proof.ts'
import { reload } from './reload.ts'
import { rolling } from './rolling.ts'
import { runner } from './runner.ts'
import { terminate } from './terminate.ts'
import { workers } from './workers.ts'

/** Everything that the data plane must show, in the order in which it is shown. */
export const PROOFS: readonly Proof[] = [workers, runner, reload, rolling, terminate, overloadProof]
