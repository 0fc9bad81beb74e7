import type { Endpoint, Rollout } from '../api/resources.ts'
import type { Client } from '../client/client.ts'
import { ServingError } from '../core/errors.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { describeRollout } from './platform/describe.ts'
import { withPlatform } from './platform/find-platform.ts'
import { sameWay } from './platform/same-way.ts'
import { followChange } from './platform/follow-change.ts'
import { isOver } from './platform/follow-deployment.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { paintFor } from './platform/terminal.ts'
import { beginWatch } from './platform/watch.ts'

const options = {
  promote: { type: 'boolean', isFlagOnly: true, doc: 'end the watching: the new variants take all traffic' },
  rollback: { type: 'boolean', isFlagOnly: true, doc: 'end the rollout: the old variants take all traffic again' },
  cancel: {
    type: 'boolean',
    isFlagOnly: true,
    doc: 'give the change up: a version that is still being made, and a rollout that has not taken effect',
  },
  watch: { type: 'boolean', isFlagOnly: true, doc: 'follow it until it has ended' },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** `slipway rollout`: how the change of an endpoint stands, and a word in it. */
export const rolloutCommand: Command<typeof options> = {
  usage: '<endpoint> [--promote | --rollback | --cancel | --watch]',
  options,
  async run([name, ...more], given, context) {
    if (name === undefined || more.length > 0) throw new UsageError('name one endpoint: `slipway rollout fraud`')
    const { promote, rollback, cancel, watch: isWatched, project, json } = given
    if ([promote, rollback, cancel, isWatched].filter(Boolean).length > 1)
      throw new UsageError('say one of --promote, --rollback, --cancel and --watch')
    return withPlatform(given, context, async ({ client }) => {
      const { signal } = context
      const watch = await beginWatch(client, project, signal)
      const endpoint = await client.call('getEndpoint', { params: { project, endpoint: name }, signal })
      if (cancel) await cancelMaking(client, endpoint, signal)
      const rollout = await latestRollout(client, endpoint, signal)
      if (isWatched) {
        await followChange(
          { client, project, watch, endpoint: name, revision: endpoint.revision, way: sameWay(given) },
          context,
        )
        const ended = await latestRollout(client, endpoint, signal)
        if (ended !== undefined) tell(ended, json, context)
        return EXIT.done
      }
      if (rollout === undefined) {
        if (!cancel && !promote && !rollback) throw new ServingError('not_found', `endpoint ${name} has had no rollout`)
        return EXIT.done
      }
      const wish = promote ? 'promoteRollout' : rollback ? 'rollbackRollout' : cancel ? 'cancelRollout' : undefined
      const params = { project, rollout: rollout.name }
      const isMoot = wish === 'cancelRollout' && isOver(rollout)
      if (wish === undefined || isMoot) tell(rollout, json, context)
      else {
        await client.call(wish, { params, signal })
        let now = await client.call('getRollout', { params, signal })
        // what was wished is done in a moment; it is not waited for longer
        for (let looks = 0; looks < 5 && !isOver(now); looks++) {
          await watch.next()
          now = await client.call('getRollout', { params, signal })
        }
        tell(now, json, context)
      }
      return EXIT.done
    })
  },
}

/** The rollout that is under way, else the last. */
async function latestRollout(client: Client, endpoint: Endpoint, signal: AbortSignal): Promise<Rollout | undefined> {
  const { project, name } = endpoint
  if (endpoint.rollout !== undefined)
    return client.call('getRollout', { params: { project, rollout: endpoint.rollout }, signal })
  const query = { endpoint: name, limit: 1000 }
  const { items } = await client.call('listRollouts', { params: { project }, query, signal })
  return items.toSorted((a, b) => b.toRevision - a.toRevision || b.meta.createdAtMs - a.meta.createdAtMs)[0]
}

/** A version that an endpoint waits for and that is still being made. */
async function cancelMaking(client: Client, { project, spec }: Endpoint, signal: AbortSignal): Promise<void> {
  for (const { model, version } of spec.variants) {
    if (typeof version !== 'number') continue
    const params = { project, model, version }
    const { state } = await client.call('getVersion', { params, signal })
    if (state === 'pending' || state === 'making') await client.call('cancelVersion', { params, signal })
  }
}

function tell(rollout: Rollout, asJson: boolean, { stdout, env }: CommandContext): void {
  stdout.write(asJson ? `${JSON.stringify(rollout, null, 2)}\n` : describeRollout(rollout, paintFor(stdout, env)))
}
