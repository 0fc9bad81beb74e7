import { posix } from 'node:path'
import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { BaseImage } from './base-image.ts'
import type { BaseTree, Found } from './base-tree.ts'

/** The Python of a base image. */
export interface BasePython {
  /** As it is found on the image's PATH, links not followed: an environment's own where there is one. */
  readonly command: string
  /** The program itself. */
  readonly program: Found
  /** `[3, 11]`. */
  readonly version: readonly [number, number]
  /** As far as the image tells it: `3.11.9`, else `3.11.0`. */
  readonly fullVersion: string
  /** Built without the global lock: it takes other wheels. */
  readonly isFreeThreaded: boolean
  /** Folders of packages that are installed in the image. */
  readonly packages: readonly string[]
  /** Those of them that a further environment does not see by itself. */
  readonly hidden: readonly string[]
}

/** Oldest Python whose wheels can still be had. */
const OLDEST_MINOR = 9
const NAMES = ['python3', 'python']
const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const LIBRARIES = ['lib', 'lib64']

/** A variable of an image's configuration. */
export function variableOf({ config }: Pick<BaseImage, 'config'>, name: string): string | undefined {
  const found = config.env.findLast((one) => one.startsWith(`${name}=`))
  return found?.slice(name.length + 1)
}

/**
 * Finds the Python that `python3` means in an image, by its files; nothing of the image is run.
 * @throws {ServingError} `unsupported` for an image without one, and for one that is too old or another kind of Python
 */
export function findBasePython(image: BaseImage, tree: BaseTree): BasePython {
  const folders = (variableOf(image, 'PATH') ?? USUAL_PATH).split(':').filter((folder) => folder.startsWith('/'))
  for (const name of NAMES)
    for (const folder of folders) {
      const command = posix.join(folder, name)
      const program = tree.find(command)
      if (program?.node.kind === 'file' && (program.node.mode & 0o111) !== 0)
        return describe(image, tree, command, program)
    }
  throw new ServingError(
    'unsupported',
    `the base image ${quote(image.name)} has no python3 in ${quoteList(folders)}; ` +
      `take one with Python, such as python:3.11-slim, or set its PATH`,
    { details: { reason: 'base_image' } },
  )
}

function describe(image: BaseImage, tree: BaseTree, command: string, program: Found): BasePython {
  const prefix = posix.dirname(posix.dirname(program.path))
  const name = posix.basename(program.path)
  const [, minorText, suffix] = /^python3\.(\d{1,2})(t?)$/.exec(name) ?? []
  const minors = minorText === undefined ? minorsBelow(tree, prefix) : [Number(minorText)]
  const [minor] = minors
  const isOther = !/^python(?:3(?:\.\d{1,2}t?)?)?$/.test(name)
  if (isOther || minor === undefined || minors.length > 1 || !hasLibrary(tree, prefix, minor, suffix ?? ''))
    throw new ServingError(
      'unsupported',
      `the python3 of the base image ${quote(image.name)} is ${quote(program.path)}, ` +
        `${isOther ? 'which is no CPython' : 'beside which there is no library of one Python 3'}; ` +
        `take an image whose python3 is CPython, such as python:3.11-slim`,
      { details: { reason: 'base_image' } },
    )
  const version = `3.${minor}`
  if (minor < OLDEST_MINOR)
    throw new ServingError(
      'unsupported',
      `the base image ${quote(image.name)} has Python ${version}; 3.${OLDEST_MINOR} and later are taken: take a newer one, such as python:3.11-slim`,
      { details: { reason: 'base_image' } },
    )
  const stated = variableOf(image, 'PYTHON_VERSION') ?? ''
  const isStated = new RegExp(String.raw`^3\.${minor}\.\d{1,2}$`).test(stated)
  const environment = posix.dirname(posix.dirname(command))
  const isEnvironment = tree.find(posix.join(environment, 'pyvenv.cfg')) !== undefined
  const inLibrary = (root: string) =>
    LIBRARIES.map((library) => posix.join(root, library, `python${version}${suffix ?? ''}`, 'site-packages'))
  const own = isEnvironment ? inLibrary(environment).filter((folder) => isFolder(tree, folder)) : []
  const ofDebian = prefix === '/usr' ? ['/usr/lib/python3/dist-packages', '/usr/local/lib/python3/dist-packages'] : []
  const local = prefix === '/usr' ? [`/usr/local/lib/python${version}/dist-packages`] : []
  return {
    command,
    program,
    version: [3, minor],
    fullVersion: isStated ? stated : `${version}.0`,
    isFreeThreaded: suffix === 't',
    packages: [...own, ...inLibrary(prefix), ...ofDebian, ...local].filter((folder) => isFolder(tree, folder)),
    hidden: own,
  }
}

function minorsBelow(tree: BaseTree, prefix: string): number[] {
  const found = new Set<number>()
  for (const library of LIBRARIES)
    for (const name of tree.find(posix.join(prefix, library))?.node.children.keys() ?? []) {
      const [, minor] = /^python3\.(\d{1,2})$/.exec(name) ?? []
      if (minor !== undefined && hasLibrary(tree, prefix, Number(minor), '')) found.add(Number(minor))
    }
  return [...found]
}

function hasLibrary(tree: BaseTree, prefix: string, minor: number, suffix: string): boolean {
  return LIBRARIES.some(
    (library) =>
      ['os.py', 'os.pyc'].some(
        (file) => tree.find(posix.join(prefix, library, `python3.${minor}${suffix}`, file)) !== undefined,
      ) || tree.find(posix.join(prefix, library, `python3${minor}.zip`)) !== undefined,
  )
}

function isFolder(tree: BaseTree, path: string): boolean {
  return tree.find(path)?.node.kind === 'directory'
}
