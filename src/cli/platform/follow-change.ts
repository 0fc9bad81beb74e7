import type { Client } from '../../client/client.ts'
import { ServingError } from '../../core/errors.ts'
import type { CommandContext } from '../command.ts'
import { createProgress } from '../progress.ts'
import { followRevision, type Outcome } from './follow-deployment.ts'
import { formatDuration, paintFor, plain } from './terminal.ts'
import type { Watch } from './watch.ts'

/**
 * Shows how a change of an endpoint comes about, until it answers.
 * @throws {ServingError} why it does not; `cancelled` when the person goes: the platform goes on
 */
export async function followChange(
  {
    client,
    project,
    watch,
    endpoint,
    revision,
    way,
  }: {
    readonly client: Client
    readonly project: string
    readonly watch: Watch
    readonly endpoint: string
    readonly revision: number
    /** Words that lead another command to the same platform, as `sameWay` has them. */
    readonly way: string
  },
  { stderr, signal, env }: CommandContext,
): Promise<Outcome> {
  const begun = performance.now()
  const progress = createProgress(endpoint, stderr, () => performance.now())
  let shown: string | undefined
  let isShown = false
  try {
    const outcome = await followRevision(
      {
        client,
        project,
        watch,
        signal,
        onPhase: (phase, share, text) => {
          isShown = true
          const step = `${phase} ${share}`
          if (step === shown) progress.update(share, plain(text))
          else progress.phase(plain(text), share)
          shown = step
        },
      },
      endpoint,
      revision,
    )
    const { good } = paintFor(stderr, env)
    progress.finish(`${good('answers')} with revision ${revision} after ${formatDuration(performance.now() - begun)}`)
    return outcome
  } catch (error) {
    if (stderr.isTTY === true && isShown) stderr.write('\n')
    if (!signal.aborted) throw error
    throw new ServingError(
      'cancelled',
      `interrupted; the platform goes on: \`slipway rollout ${endpoint}${way} --watch\` follows it, and --cancel in place of --watch gives it up`,
      { cause: error },
    )
  }
}
