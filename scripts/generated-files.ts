import { createRequire } from 'node:module'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { canonicalJson } from '../src/bundle/canonical-json.ts'
import { MANIFEST_SCHEMA } from '../src/bundle/manifest-schema.ts'

type StandaloneCode = (ajv: Ajv2020, validate: ReturnType<Ajv2020['compile']>) => string

/** Files that are made from others, by their path in the repository. */
export function generate(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/bundle-manifest.schema.json', canonicalJson(MANIFEST_SCHEMA)],
    ['src/bundle/validate-manifest.generated.js', validatorCode()],
  ])
}

/** The schema as a function without dependencies. Lengths count UTF-16 units, which needs no helper at run time. */
function validatorCode(): string {
  const standaloneCode = (createRequire(import.meta.url)('ajv/dist/standalone') as { default: StandaloneCode }).default
  const ajv = new Ajv2020({
    strict: true,
    allowUnionTypes: true,
    validateFormats: false,
    inlineRefs: false, // each definition a function of its own: a tenth of the code
    unicode: false,
    logger: false, // it calls the option above deprecated
    code: { source: true, esm: true, lines: true },
  })
  const code = standaloneCode(ajv, ajv.compile(MANIFEST_SCHEMA))
  return `// Made by \`npm run generate\` from manifest-schema.ts; do not edit.\n${code}`
}

/** The reference of all options, from the tables of the commands. */
export async function generateReference(): Promise<ReadonlyMap<string, string>> {
  const { COMMANDS } = await import('../src/cli/commands.ts')
  const { configurationPage } = await import('../src/cli/reference.ts')
  return new Map([['docs/configuration.md', await configurationPage(COMMANDS)]])
}
