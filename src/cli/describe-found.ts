import { formatBytes } from '../core/text.ts'
import { FORMAT_NAMES } from '../formats/detect.ts'
import type { ObjectTree } from '../formats/python/tree.ts'
import type {
  ArchiveContents,
  Contents,
  TensorsContents,
  TorchContents,
  TreesContents,
} from '../server/describe-contents.ts'

/** What a file holds, in lines for people. */
export function describeContents(contents: Contents): string[] {
  switch (contents.kind) {
    case 'archive':
      return describeArchive(contents)
    case 'trees':
      return describeTrees(contents)
    case 'torch':
      return describeTorch(contents)
    case 'tensors':
      return describeTensors(contents)
  }
}

/** Files of an archive that are listed. */
const FILES_SHOWN = 20

const HOLDS: Readonly<Record<string, string>> = {
  bundle: 'a packed bundle',
  mlflow: 'an MLflow model',
  'inference-code': 'inference code with its model',
  files: 'files',
}

function describeArchive({ holds, count, files, model, flavours }: ArchiveContents): string[] {
  const more = count - Math.min(files.length, FILES_SHOWN)
  return [
    `archive   ${HOLDS[holds] ?? holds}, ${count} file${count === 1 ? '' : 's'}${flavours === undefined ? '' : `; flavours: ${flavours.join(', ')}`}`,
    ...files
      .slice(0, FILES_SHOWN)
      .map(
        ({ name, sizeBytes, format }) =>
          `${name === model ? 'model     ' : '          '}${name} (${FORMAT_NAMES[format]}, ${formatBytes(sizeBytes)})`,
      ),
    ...(more > 0 ? [`          … and ${more} more`] : []),
  ]
}

function describeTrees(contents: TreesContents): string[] {
  const { library, version, objective, booster, trees, nodes, features, featureNames = [], groups } = contents
  const names = featureNames.slice(0, 12).join(', ')
  return [
    `written   by ${library}${version === undefined ? '' : ` ${version}`}, objective ${objective ?? 'not said'}, ${booster}`,
    `holds     ${trees} trees of ${nodes} nodes${groups > 1 ? `, for ${groups} classes or targets` : ''}`,
    `features  ${features}${names === '' ? '' : `: ${names}${features > 12 ? ', …' : ''}`}`,
  ]
}

function describeTorch({ form, operators, tensors, parameters, sizeBytes }: TorchContents): string[] {
  const counts = Object.entries(operators).map(([name, count]) => `${count} ${name}`)
  return [
    `holds     a program of ${form}, ${tensors} tensors with ${parameters} numbers (${formatBytes(sizeBytes)})`,
    `calls     ${counts.length === 0 ? 'no operator' : counts.join(', ')}`,
  ]
}

function describeTensors(contents: TensorsContents): string[] {
  const { count, parameters, sizeBytes, tensors, architecture, classes, metadata = {}, advice } = contents
  return [
    `holds     ${count} tensors with ${parameters} numbers (${formatBytes(sizeBytes)})`,
    ...tensors.map(({ name, datatype, shape }) => `          ${name} ${datatype} [${shape.join(', ')}]`),
    ...(count > tensors.length ? [`          … and ${count - tensors.length} more`] : []),
    ...(architecture === undefined ? [] : [`looks     like ${architecture}`]),
    ...(classes === undefined ? [] : [`needs     the code of ${classes.join(', ')}`]),
    ...Object.entries(metadata).map(([key, value]) => `metadata  ${key}: ${value.slice(0, 200)}`),
    ...(advice === undefined ? [] : [`advice    ${advice}`]),
  ]
}

/** The objects of a pickle with all that is known of them. */
export function describeObjects(objects: readonly ObjectTree[]): string[] {
  return objects.flatMap((object) => describeObject(object, 0))
}

function describeObject({ role, class: name, parameters, learned, inside, more }: ObjectTree, depth: number): string[] {
  const indent = '  '.repeat(depth)
  const told = Object.entries(parameters).map(([key, value]) => `${key}=${value}`)
  const found = Object.entries(learned).map(([key, value]) => `${key} ${value}`)
  return [
    `${depth === 0 ? 'holds   ' : '        '}  ${indent}${role === '' ? '' : `${role}: `}${name}`,
    ...(told.length > 0 ? [`            ${indent}${told.join(', ')}`] : []),
    ...(found.length > 0 ? [`            ${indent}learned: ${found.join(', ')}`] : []),
    ...inside.flatMap((object) => describeObject(object, depth + 1)),
    ...(more > 0 ? [`            ${indent}… and ${more} more like it`] : []),
  ]
}

const LINES_SHOWN = 24
const LINE_WIDTH = 120

/** The same, on one screen: the estimators, one of those that are alike, with their parameters cut. */
export function outlineObjects(objects: readonly ObjectTree[]): string[] {
  const lines = objects.flatMap((object) => outline(object, 0))
  const shown = lines
    .slice(0, LINES_SHOWN)
    .map((line) => (line.length > LINE_WIDTH ? `${line.slice(0, LINE_WIDTH - 1)}…` : line))
  const rest = lines.length - shown.length
  return rest > 0 ? [...shown, `          … and ${rest} lines more: slipway inspect shows them`] : shown
}

function outline({ role, class: name, parameters, inside, more }: ObjectTree, depth: number): string[] {
  const told = Object.entries(parameters).map(([key, value]) => `${key}=${value}`)
  const place = role === '' ? '' : `${role}: `
  const groups = new Map<string, ObjectTree[]>()
  for (const each of inside.filter(isEstimator)) {
    // `estimators_[0]` and `estimators_[1]` are alike; `steps[0] "scale"` has a name of its own
    const key = /"/.test(each.role) ? each.role : `${each.role.replace(/\[\d+\]/g, '[]')} ${each.class}`
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  const alike = [...groups.values()].filter((group) => group.length > 1)
  return [
    `${depth === 0 ? 'holds   ' : '        '}  ${'  '.repeat(depth)}${place}${name.replace(/^.*\.(?=[^.]+$)/, '')}${told.length === 0 ? '' : ` (${told.join(', ')})`}`,
    ...[...groups.values()].flatMap((group) => {
      const [first, ...others] = group
      if (first === undefined) return []
      const hidden = others.length + (group === alike.at(-1) ? more : 0)
      const rest = hidden > 0 ? [`          ${'  '.repeat(depth + 1)}… and ${hidden} more like it`] : []
      return [...outline(first, depth + 1), ...rest]
    }),
  ]
}

/** Parts that say how a model was made, or that its numbers are kept in, are left out. */
function isEstimator({ role, class: name }: ObjectTree): boolean {
  return !role.startsWith('_') && !/^(?:numpy|scipy|builtins|collections)\./.test(name) && !name.endsWith('_tree.Tree')
}
