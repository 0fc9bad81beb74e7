import { DEFAULT_PROJECT } from '../../api/resources.ts'
import { DATA_OPTION } from '../common-options.ts'

/** A word as the shell reads it, character for character. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** What a further command needs to reach the same platform and project: words that follow its own. */
export function sameWay({
  url,
  data,
  project,
}: {
  readonly url: string | undefined
  readonly data: string
  readonly project: string
}): string {
  return [
    ...(project === DEFAULT_PROJECT ? [] : [`--project ${shellWord(project)}`]),
    ...(url === undefined ? [] : [`--url ${shellWord(url)}`]),
    ...(data === DATA_OPTION.data.default ? [] : [`--data ${shellWord(data)}`]),
  ]
    .map((word) => ` ${word}`)
    .join('')
}
