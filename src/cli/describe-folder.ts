import { FLAVOUR_NAMES } from '../compiler/python/find-python-code.ts'
import { formatBytes } from '../core/text.ts'
import type { InspectedFile } from '../server/inspect.ts'
import type { InspectedFolder } from '../server/inspect-folder.ts'

/** What was found in a folder, for people. @param describeFile as each model in it is described */
export function describeFolder(found: InspectedFolder, describeFile: (found: InspectedFile) => string): string {
  const { folder, kind, files, sizeBytes, sha256, verdict, flavours, requirements, models, notLookedInto, error } =
    found
  const what = kind === 'mlflow' ? 'an MLflow model' : 'code and its files'
  const lines = [
    `folder    ${folder} (${what}, ${files} file${files === 1 ? '' : 's'}, ${formatBytes(sizeBytes)})`,
    `sha256    ${sha256}`,
    ...(flavours === undefined ? [] : [`flavours  ${flavours.join(', ')}`]),
    `serves    ${describeServed(found)}`,
    ...(requirements?.lines.map((line, i) => `${i === 0 ? 'needs    ' : '         '} ${line}`) ?? []),
    '',
    ...models.flatMap((model) => [describeFile({ ...model, file: model.path })]),
    ...(notLookedInto > 0 ? [`others    ${notLookedInto} files more were not looked into`] : []),
    `verdict   ${verdict}${error === undefined ? '' : `: ${error.message}`}`,
  ]
  return `${lines.join('\n')}\n`
}

function describeServed({ serves, flavours }: InspectedFolder): string {
  if (serves.runtime === 'compiled')
    return `${serves.model}, compiled${flavours?.includes('python_function') === true ? '; with --runtime python, by MLflow itself' : ''}`
  if (serves.runtime === 'typescript')
    return `${serves.entry}, code in TypeScript${serves.model === undefined ? '' : `, around ${serves.model}`}`
  return `${serves.entry === '' ? '' : `${serves.entry}, `}${FLAVOUR_NAMES[serves.flavour]}, with --runtime python`
}
