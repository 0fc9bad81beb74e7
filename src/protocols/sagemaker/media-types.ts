import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { HeaderRule } from '../../codecs/csv.ts'

/** The forms in which rows come and go. */
export type Form = 'json' | 'csv' | 'jsonlines' | 'npy'

/** The form of a request's rows: any of those, or lines of text. */
export type BodyForm = Form | 'text'

/** Media types of each form; the first is the one that SageMaker itself uses. */
const FORM_OF: ReadonlyMap<string, Form> = new Map([
  ['application/json', 'json'],
  ['text/csv', 'csv'],
  ['application/jsonlines', 'jsonlines'],
  ['application/x-ndjson', 'jsonlines'],
  ['application/jsonl', 'jsonlines'],
  ['application/x-npy', 'npy'],
])

/** Lines of text come in, and never go out. */
const TEXT = 'text/plain'

const KNOWN = [...FORM_OF.keys()].join(', ')
const KNOWN_AS_TEXT = [...FORM_OF].flatMap(([mediaType, form]) => (form === 'npy' ? [] : [mediaType])).join(', ')

export interface RequestForm {
  readonly form: BodyForm
  readonly mediaType: string
  /** Of CSV: the `header` parameter of its media type. @see RFC 4180, section 3 */
  readonly header: HeaderRule
}

/**
 * The form of a request's body.
 * @throws {ServingError} `unsupported` for a missing or unknown media type, or a charset other than UTF-8
 */
export function requestForm(contentType: string | undefined): RequestForm {
  if (contentType === undefined || contentType.trim() === '')
    throw new ServingError('unsupported', `the request has no content-type; send one of ${KNOWN}`)
  const { mediaType, parameters } = parseMediaType(contentType)
  const form = mediaType === TEXT ? 'text' : FORM_OF.get(mediaType)
  if (form === undefined)
    throw new ServingError(
      'unsupported',
      `the content-type ${quote(mediaType)} is not taken; send one of ${KNOWN}, or ${TEXT} for texts${formHint(mediaType)}`,
    )
  const charset = parameters.get('charset')
  if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(charset))
    throw new ServingError('unsupported', `the charset ${quote(charset)} is not taken; send UTF-8`)
  return { form, mediaType, header: headerRule(parameters) }
}

/**
 * Whether the first line of CSV is a header, by the media type's parameters.
 * @throws {ServingError} `unsupported` where they say neither `present` nor `absent`
 * @see RFC 4180, section 3
 */
export function headerRule(parameters: ReadonlyMap<string, string>): HeaderRule {
  const header = parameters.get('header') ?? 'auto'
  if (header === 'auto' || header === 'present' || header === 'absent') return header
  throw new ServingError(
    'unsupported',
    `the content-type's header parameter is ${quote(header)}; it is present or absent`,
  )
}

export interface AnswerForm {
  readonly form: Form
  readonly mediaType: string
}

/**
 * The form of the answer: the best that `accept` allows. Without `accept`, or where it leaves the choice open, CSV is
 * answered with CSV, JSON lines with JSON lines, JSON with JSON, npy with npy where the outputs fit in one array, else
 * with JSON. Equal weights: the one that is listed first.
 * @param hasNpy whether the outputs fit in one array
 * @throws {ServingError} `unsupported` with `details.reason` `accept` when it allows none
 * @see RFC 9110, section 12.5.1
 */
export function answerForm(accept: string | undefined, request: RequestForm, hasNpy: boolean): AnswerForm {
  const { form, mediaType } = request
  const same: AnswerForm = form === 'text' || (form === 'npy' && !hasNpy) ? AS_JSON : { form, mediaType }
  if (accept === undefined || accept.trim() === '') return same
  const best = preferredForm(accept, hasNpy ? ANY : TEXTS, same.mediaType)
  if (best === undefined)
    throw new ServingError(
      'unsupported',
      `accept is ${quote(accept)}; the answer can be ${hasNpy ? KNOWN : KNOWN_AS_TEXT}`,
      {
        details: { reason: 'accept' },
      },
    )
  return best
}

const AS_JSON: AnswerForm = { form: 'json', mediaType: 'application/json' }

const ANY: readonly Form[] = ['json', 'csv', 'jsonlines', 'npy']
const TEXTS: readonly Form[] = ['json', 'csv', 'jsonlines']

/**
 * The best of some forms by an `accept` header, undefined where it allows none.
 * @param first the media type that wins where the header leaves the choice open
 * @see RFC 9110, section 12.5.1
 */
export function preferredForm(
  accept: string,
  forms: readonly Form[],
  first = 'application/json',
): AnswerForm | undefined {
  const ranges = accept.split(',').map((text) => {
    const { mediaType, parameters } = parseMediaType(text)
    const weight = Number(parameters.get('q') ?? '1')
    return { mediaType, weight: weight >= 0 && weight <= 1 ? weight : 0 }
  })
  let best: { form: Form; mediaType: string; weight: number; place: number } | undefined
  for (const mediaType of new Set([first, ...FORM_OF.keys()])) {
    const place = mostSpecific(ranges, mediaType)
    const weight = ranges[place]?.weight ?? 0
    const form = FORM_OF.get(mediaType)
    if (weight === 0 || form === undefined || !forms.includes(form)) continue
    if (best === undefined || weight > best.weight || (weight === best.weight && place < best.place))
      best = { form, mediaType, weight, place }
  }
  return best === undefined ? undefined : { form: best.form, mediaType: best.mediaType }
}

/** The end of a refusal for the media type that curl's `-d` and HTML forms send, which nobody chose; else nothing. */
export function formHint(mediaType: string): string {
  if (mediaType !== 'application/x-www-form-urlencoded') return ''
  return '; if the body is JSON, send the header Content-Type: application/json'
}

/** Place of the range that says most about a media type, -1 when none speaks of it. */
function mostSpecific(ranges: readonly { readonly mediaType: string }[], mediaType: string): number {
  const [type] = mediaType.split('/')
  for (const range of [mediaType, `${type}/*`, '*/*']) {
    const place = ranges.findIndex((each) => each.mediaType === range)
    if (place >= 0) return place
  }
  return -1
}

/** A media type without its parameters, and those, all in lower case. */
export function parseMediaType(text: string): { mediaType: string; parameters: ReadonlyMap<string, string> } {
  const [mediaType = '', ...rest] = text.split(';').map((part) => part.trim().toLowerCase())
  const parameters = new Map<string, string>()
  for (const part of rest) {
    const equals = part.indexOf('=')
    if (equals > 0)
      parameters.set(
        part.slice(0, equals).trim(),
        part
          .slice(equals + 1)
          .trim()
          .replaceAll('"', ''),
      )
  }
  return { mediaType, parameters }
}
