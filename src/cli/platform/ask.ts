import { createInterface } from 'node:readline/promises'
import type { CommandContext } from '../command.ts'
import { UsageError } from '../options.ts'

/**
 * Asks a person whether something is meant, where one is at the keyboard.
 * @throws {UsageError} where nobody is: then `--yes` has to say it
 */
export async function isMeant(question: string, { stdin, stderr, signal }: CommandContext): Promise<boolean> {
  if (stdin?.isTTY !== true || stderr.isTTY !== true)
    throw new UsageError(`${question.replace(/\?$/, '')}: nobody can be asked here, so say --yes`)
  const reader = createInterface({ input: stdin, output: process.stderr })
  try {
    const answer = await reader.question(`${question} [y/N] `, { signal })
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    reader.close()
  }
}
