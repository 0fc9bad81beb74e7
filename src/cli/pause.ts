import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'

const options = { ...PROJECT_OPTION, ...PLATFORM_OPTIONS } as const satisfies OptionTable

/** `slipway pause`: an endpoint answers nothing, and keeps its place and its versions. */
export const pauseCommand = createCommand(
  'pause',
  'pauseEndpoint',
  'is paused: it answers 503 until `slipway resume` takes that back',
)

/** `slipway resume`: a paused endpoint answers again. */
export const resumeCommand = createCommand('resume', 'resumeEndpoint', 'answers again')

function createCommand(
  name: string,
  route: 'pauseEndpoint' | 'resumeEndpoint',
  outcome: string,
): Command<typeof options> {
  return {
    usage: '<endpoint>',
    options,
    async run([endpoint, ...more], given, context) {
      if (endpoint === undefined || more.length > 0)
        throw new UsageError(`name one endpoint: \`slipway ${name} fraud\``)
      return withPlatform(given, context, async ({ client }) => {
        const { project, json } = given
        const { signal, stdout } = context
        const { revision, spec } = await client.call(route, { params: { project, endpoint }, signal })
        if (json) stdout.write(`${JSON.stringify({ project, endpoint, revision, isPaused: spec.isPaused })}\n`)
        else stdout.write(`endpoint ${endpoint} ${outcome}\n`)
        return EXIT.done
      })
    },
  }
}
