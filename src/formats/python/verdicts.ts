import {
  DANGEROUS_MODULES,
  DANGEROUS_NAMES,
  DANGEROUS_PACKAGES,
  FAR_REACHING,
  MODEL_PACKAGES,
  PLAIN_STANDARD_NAMES,
  RUNNING_NAMES,
  STANDARD_MODULES,
  TORCH_NAMES,
} from './known-names.ts'
import { canonicalModule, sparseLayoutOf } from './refs.ts'
import { isUfunc } from './ufuncs.ts'
import type { Verdict } from './values.ts'

/**
 * How far a name may be trusted. Nothing is ever called, so no safety hangs on this: it decides whether a file that names
 * something is refused whole, or the name ignored until somebody needs it.
 * @param module as the file writes it
 * @param name as the file writes it
 */
export function verdictOf(module: string, name: string): Verdict {
  const known = canonicalModule(module)
  const full = `${known}.${name}`
  if (DATA.has(full)) return 'data'
  if (isMalformed(known, name)) return 'dangerous'
  const dot = known.indexOf('.')
  const top = dot === -1 ? known : known.slice(0, dot)
  if (STANDARD_MODULES.has(top)) return PLAIN_STANDARD_NAMES.get(known)?.has(name) === true ? 'ignorable' : 'dangerous'
  if (RUNNING_NAMES.has(name) || DANGEROUS_PACKAGES.has(top)) return 'dangerous'
  if (DANGEROUS_MODULES.some((prefix) => known === prefix || known.startsWith(`${prefix}.`)))
    return HARMLESS.has(full) || isResultClass(known, name) ? 'ignorable' : 'dangerous'
  if (top === 'torch') return torchVerdict(known, name, full)
  if (MODEL_PACKAGES.has(top)) return modelVerdict(top, known, name, full)
  return 'ignorable'
}

/**
 * Names that are harmless in some calls and dangerous in all else: whoever reads a call says so by `usedWell`.
 * (`numpy.memmap` is the class of arrays that were mapped when they were saved, and opens a file when it is called.)
 */
export function isConditional(module: string, name: string): boolean {
  return CONDITIONAL.has(`${canonicalModule(module)}.${name}`)
}

const CONDITIONAL: ReadonlySet<string> = new Set([
  'builtins.getattr',
  'builtins.type',
  '_codecs.encode',
  'numpy._core._ufunc_reconstruct',
  'numpy.memmap',
  'numpy._core.memmap.memmap',
])

/** What is read as the value that it stands for. */
const DATA: ReadonlySet<string> = new Set([
  ...CONDITIONAL,
  'numpy.dtype',
  'numpy.ndarray',
  'numpy.matrix',
  'numpy.recarray',
  'numpy.rec.recarray',
  'numpy._core.multiarray._reconstruct',
  'numpy._core.multiarray.scalar',
  'numpy._core.numeric._frombuffer',
  'numpy.ma.core._mareconstruct',
  'copyreg._reconstructor',
  'copyreg.__newobj__',
  'copyreg.__newobj_ex__',
  'collections.OrderedDict',
  'collections.defaultdict',
  'collections.Counter',
  'functools.partial',
  'joblib.numpy_pickle.NumpyArrayWrapper',
  ...['bool', 'bytearray', 'bytes', 'dict', 'float', 'frozenset', 'int', 'list', 'object', 'set', 'str', 'tuple'].map(
    (name) => `builtins.${name}`,
  ),
])

/** Names in dangerous modules that are harmless. */
const HARMLESS: ReadonlySet<string> = new Set([
  'numpy._core._internal._convert_to_stringdtype_kwargs',
  'scipy.optimize.OptimizeResult',
  'sklearn.utils._array_api._NumPyAPIWrapper',
])

/** The results that scipy's solvers leave in models. */
function isResultClass(module: string, name: string): boolean {
  return module.startsWith('scipy.optimize.') && /^_?[A-Z]\w*$/.test(name)
}

const NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u
const MODULE = /^[\p{ID_Start}_][\p{ID_Continue}]*(?:\.[\p{ID_Start}_][\p{ID_Continue}]*)*$/u
const DUNDER = /^__\w+__$/

/** No name of a class or function: a path through other things (`a.b`), or one of those that Python keeps for itself. */
function isMalformed(module: string, name: string): boolean {
  if (!NAME.test(name) || DUNDER.test(name) || !MODULE.test(module)) return true
  return module.split('.').some((part, i) => DUNDER.test(part) && !(i === 0 && OWN_MODULES.has(part)))
}

/** Modules with such names that users' classes are in. */
const OWN_MODULES: ReadonlySet<string> = new Set([
  '__main__',
  '__mp_main__',
  '__torch__',
  '__torch_mangle__',
  '__future__',
])

/** A class of ours by the way it is written; private ones too. */
const CLASS_NAME = /^_{0,2}[A-Z]\w*$/
/** What Cython and pandas make their objects by. */
const MAKER = /^(?:newObj|__pyx_unpickle_\w+|_unpickle_\w+|_\w+_unpickle|_new_\w+|__\w+_ctor)$/

function modelVerdict(top: string, module: string, name: string, full: string): Verdict {
  if (/(?:^|\.)(?:tests?|conftest|setup)(?:\.|$)/.test(module)) return 'dangerous'
  if (DANGEROUS_NAMES.has(full) || DANGEROUS_NAMES.has(`${top}.${name}`)) return 'dangerous'
  if (top === 'joblib')
    return /^joblib\.(?:numpy_pickle(?:_compat)?|memory|logger|_store_backends|hashing)$/.test(module) &&
      CLASS_NAME.test(name)
      ? 'ignorable'
      : 'dangerous'
  if (CLASS_NAME.test(name)) return top === 'sklearn' || top === 'xgboost' || top === 'lightgbm' ? 'data' : 'ignorable'
  if (isUfunc(name) || sparseLayoutOf({ module, name }) !== undefined) return 'data'
  if (MAKER.test(name)) return 'ignorable'
  // a module that another one has imported, and all that it holds
  if (STANDARD_MODULES.has(name) && !/^(?:array|copy|trace|select|string|random|math|repr)$/.test(name))
    return 'dangerous'
  return FAR_REACHING.test(name) ? 'dangerous' : 'ignorable'
}

function torchVerdict(module: string, name: string, full: string): Verdict {
  if (TORCH_NAMES.has(full)) return 'data'
  if (
    module === 'torch' &&
    /^(?:\w+Storage|q?u?int\d+(?:x\d)?|b?float\d+\w*|complex\d+|bool|half|double|long|strided)$/.test(name)
  )
    return 'data'
  return /^torch\.(?:nn|optim|ao\.nn|distributions)\./.test(module) && CLASS_NAME.test(name) ? 'ignorable' : 'dangerous'
}
