import { DEFAULT_PROJECT } from '../../api/resources.ts'
import { DATA_OPTION, JSON_OPTION } from '../common-options.ts'
import type { OptionSpec, OptionTable } from '../options.ts'

/** Of every command that talks to a platform. */
export const PLATFORM_OPTIONS = {
  url: {
    type: 'string',
    value: 'URL',
    doc: "address of the platform's API; that of the platform in the data folder when left out",
  },
  keyFile: {
    type: 'string',
    value: 'PATH',
    doc: "file with the key for the platform, where SLIPWAY_KEY does not hold it; the data folder's admin key when left out",
  },
  caFile: {
    type: 'string',
    platformVariables: ['SLIPWAY_CA'],
    value: 'PATH',
    doc: "certificate in PEM of the CA that the platform's own certificate comes from; tls/ca.pem in the data folder when left out",
  },
  insecure: {
    type: 'boolean',
    doc: 'send the key without TLS to another machine, where something else guards the way',
  },
  data: {
    ...DATA_OPTION.data,
    doc: 'data folder of a platform on this machine: says where it answers, and holds its admin key',
  },
  ...JSON_OPTION,
} as const satisfies OptionTable

/** Of those that work in one project. */
export const PROJECT_OPTION = {
  project: { type: 'string', value: 'NAME', default: DEFAULT_PROJECT, doc: 'project that the names belong to' },
} as const satisfies OptionTable

/** Of lists. @param preset most items when nothing is said */
export function limitOption<Preset extends number>(preset: Preset, doc: string) {
  return {
    type: 'number',
    isFlagOnly: true,
    value: 'N',
    default: preset,
    min: 1,
    max: 1_000_000,
    doc,
  } as const satisfies OptionSpec
}

/** Of what goes on being said. */
export const FOLLOW_OPTION = {
  follow: { type: 'boolean', isFlagOnly: true, short: 'f', doc: 'go on with what comes, until it is interrupted' },
} as const satisfies OptionTable
