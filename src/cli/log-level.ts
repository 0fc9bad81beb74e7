import { LOG_LEVELS, type LogLevels } from '../api/resources.ts'
import { quote } from '../core/text.ts'
import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { PLATFORM_OPTIONS } from './platform/platform-options.ts'
import { facts, paintFor } from './platform/terminal.ts'

const options = PLATFORM_OPTIONS satisfies OptionTable

/** `slipway log-level`: the least serious lines that the log of `slipway up` shows, and another choice of them at run time. */
export const logLevelCommand: Command<typeof options> = {
  usage: '[debug | info | warn | error | silent | control=<level> | runners=<level>]…',
  options,
  async run(words, given, context) {
    const wanted = Object.assign({}, ...words.map(levelsOf)) as Partial<LogLevels>
    return withPlatform(given, context, async ({ client }) => {
      const { stdout, env, signal } = context
      const levels =
        words.length === 0
          ? await client.call('getLogLevels', { signal })
          : await client.call('setLogLevels', { body: wanted, signal })
      const { control, runners } = levels
      if (given.json) stdout.write(`${JSON.stringify(levels)}\n`)
      else
        stdout.write(
          facts(
            [
              ['control', control],
              ['runners', runners],
            ],
            paintFor(stdout, env),
          ),
        )
      return EXIT.done
    })
  },
}

/** @throws {UsageError} for a word that sets none */
function levelsOf(word: string): Partial<LogLevels> {
  const [, part, name] = /^(?:(control|runners)=)?([a-z]+)$/.exec(word) ?? []
  const level = LOG_LEVELS.find((each) => each === name)
  if (level === undefined)
    throw new UsageError(
      `${quote(word)} sets no level; it takes ${LOG_LEVELS.join(', ')}, for both or like runners=debug (what an endpoint said: \`slipway logs <endpoint>\`)`,
    )
  return part === undefined ? { control: level, runners: level } : { [part]: level }
}
