import { describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { readPickle, refuseDangers } from './read-pickle.ts'
import { readPythonFile } from './read-joblib.ts'
import { pickleCases } from './shown.fixture.ts'
import { verdictOf } from './verdicts.ts'

function verdict(name: string): string {
  const [module = '', own = ''] = name.split(' ')
  return verdictOf(module, own)
}

/** Names of which at least one stands in every file that was made to do something when Python loads it. */
const DANGEROUS = `
os system|posix system|nt system|os popen|sys exit|sys modules|subprocess Popen|subprocess run|builtins eval|builtins exec
builtins compile|builtins __import__|builtins open|builtins map|builtins filter|builtins iter|builtins breakpoint|builtins input
builtins print|builtins vars|builtins globals|builtins setattr|builtins delattr|builtins help|__builtin__ eval|__builtin__ apply
__builtin__ execfile|__builtin__ file|importlib import_module|importlib.util spec_from_file_location|runpy run_path|runpy _run_code
pty spawn|socket socket|socket create_connection|shutil rmtree|ctypes CDLL|ctypes.util find_library|pickle loads|_pickle loads
cPickle loads|dill._dill _create_function|dill loads|cloudpickle.cloudpickle _make_function|cloudpickle loads
cloudpickle.cloudpickle _builtin_type|operator attrgetter|operator itemgetter|operator methodcaller|_operator attrgetter
functools reduce|functools partialmethod|pkgutil resolve_name|pip main|pip._internal main|timeit timeit|timeit Timer
cProfile run|profile run|pydoc locate|pydoc pipepager|marshal loads|types FunctionType|types CodeType|code InteractiveInterpreter
codecs open|codecs decode|_codecs decode|webbrowser open|asyncio run|asyncio.unix_events _UnixSubprocessTransport
multiprocessing.util spawnv_passfds|multiprocessing.context Process|logging.config dictConfig|logging.config listen
logging FileHandler|urllib.request urlopen|http.client HTTPSConnection|http.server HTTPServer|requests get|tempfile mktemp
pathlib _Accessor|glob glob|io open|io FileIO|_io FileIO|bdb Bdb|pdb run|trace Trace|doctest debug_script|idlelib.run Executive
idlelib.pyshell ModifiedInterpreter|lib2to3.pgen2.grammar Grammar|imaplib IMAP4_stream|smtplib SMTP|ftplib FTP|uuid _get_command_stdout
nturl2path url2pathname|antigravity geohash|distutils.file_util write_file|distutils.spawn spawn|ensurepip bootstrap|venv create
zipimport zipimporter|zipfile ZipFile|tarfile open|sqlite3 connect|xmlrpc.client ServerProxy|linecache getline|fileinput input
signal alarm|threading Thread|_thread start_new_thread|sched scheduler|atexit register|gc get_objects|inspect getattr_static
site addsitedir|sysconfig get_config_vars|ast literal_eval|string Formatter|copyreg add_extension|copyreg pickle|weakref finalize
numpy load|numpy fromfile|numpy memmap_open|numpy loadtxt|numpy genfromtxt|numpy save|numpy DataSource|numpy apply_along_axis
numpy piecewise|numpy fromfunction|numpy frompyfunc|numpy seterrcall|numpy.lib.npyio load|numpy.lib._npyio_impl load
numpy.testing._private.utils runstring|numpy.testing run_module_suite|numpy.f2py compile|numpy.f2py.crackfortran myeval
numpy.distutils.exec_command exec_command|numpy.ctypeslib load_library|numpy.core.multiarray os|numpy.lib.utils safe_eval|numpy os
numpy sys|numpy.core._internal _ctypes|numpy.core.records fromfile|numpy __builtins__|numpy.lib.format read_array
pandas read_pickle|pandas read_csv|pandas eval|pandas.io.common get_handle|pandas.io.pickle read_pickle
pandas.core.computation.eval eval|pandas ExcelFile|pandas HDFStore|pandas.core.frame os|pandas.compat.pickle_compat loads
scipy.io loadmat|scipy.io.matlab loadmat|scipy.datasets face|scipy.optimize fsolve|scipy.integrate quad|scipy LowLevelCallable
scipy.ndimage generic_filter|scipy._lib._ccallback LowLevelCallable|sklearn.datasets load_files|sklearn.datasets fetch_openml
sklearn.datasets._base load_iris|sklearn.utils._testing ignore_warnings|sklearn.externals._arff loads|sklearn.utils os|sklearn set_config
sklearn.externals.joblib load|joblib load|joblib dump|joblib.numpy_pickle load|joblib.externals.cloudpickle loads
joblib.externals.loky get_reusable_executor|joblib.parallel delayed|xgboost.core os|xgboost.rabit init|lightgbm.basic subprocess
torch load|torch.hub load|torch.jit load|torch.jit.unsupported_tensor_ops execWrapper|torch.utils.bottleneck.__main__ run_cprofile
torch.utils.collect_env run|torch.utils._config_module load_config|torch.serialization load|torch._dynamo.guards GuardBuilder
torch._inductor.codecache compile_file|torch.fx.experimental.symbolic_shapes ShapeEnv|torch.distributed.rpc rpc_sync|torch os
collections namedtuple|collections __builtins__|collections abc|itertools starmap|itertools accumulate|mymodule eval|evil system
__main__ __builtins__|mymodule __import__|jinja2 Template|yaml load|IPython embed|paramiko SSHClient|fabric run|psutil Popen
typing ForwardRef|typing get_type_hints|dataclasses make_dataclass|contextlib ExitStack|string.os system|numba.core.serialize _unpickle
sympy sympify|cffi FFI|pytest main|_pytest.monkeypatch MonkeyPatch|setuptools setup|huggingface_hub hf_hub_download`

const HARMLESS = `
__main__ MyTransformer|mymodule clean_text|mypackage.features Größe|sklearn.utils.validation check_array|sklearn.metrics._scorer make_scorer
sklearn.feature_selection._univariate_selection f_classif|sklearn.feature_extraction.text strip_accents_unicode
sklearn.metrics._classification accuracy_score|sklearn.metrics._dist_metrics newObj|_loss CyHalfBinomialLoss
_loss __pyx_unpickle_CyHalfBinomialLoss|sklearn.neighbors._kd_tree newObj|numpy clip|numpy nan_to_num|numpy vectorize|numpy.linalg norm
numpy.random._pickle __randomstate_ctor|numpy.random._pickle __bit_generator_ctor|numpy.random._pcg64 PCG64|numpy.random mtrand
numpy.polynomial.polynomial Polynomial|numpy.ma.core MaskedConstant|scipy.stats._distn_infrastructure rv_continuous_frozen
scipy.stats._continuous_distns uniform_gen|scipy.interpolate._bsplines BSpline|scipy.optimize._optimize OptimizeResult
scipy._lib.array_api_compat.numpy._aliases asarray|pandas._libs.internals _unpickle_block|pandas.core.indexes.base _new_Index
pandas.core.internals.managers BlockManager|pandas.core.frame DataFrame|pandas._libs.tslibs.timestamps _unpickle_timestamp
pandas get_dummies|datetime datetime|decimal Decimal|uuid UUID|pathlib PosixPath|re _compile|random Random|logging getLogger
math log|types SimpleNamespace|array array|zoneinfo ZoneInfo|builtins ValueError|exceptions ValueError|__builtin__ unicode
builtins abs|catboost.core CatBoostClassifier|category_encoders.target_encoder TargetEncoder|nltk.stem.porter PorterStemmer
imblearn.over_sampling._smote.base SMOTE|joblib.memory Memory|torch.nn.modules.linear Linear|__torch__.model Net
pyarrow.lib chunked_array|numpy._core._internal _convert_to_stringdtype_kwargs|collections deque`

const DATA = `
numpy dtype|numpy ndarray|numpy.core.multiarray _reconstruct|numpy._core.multiarray scalar|numpy.core.multiarray scalar
numpy._core.numeric _frombuffer|numpy.core._multiarray_umath log1p|numpy log1p|scipy.special._ufuncs expit|copy_reg _reconstructor
copyreg __newobj__|collections OrderedDict|__builtin__ set|builtins bytearray|joblib.numpy_pickle NumpyArrayWrapper
sklearn.externals.joblib.numpy_pickle NumpyArrayWrapper|sklearn.svm._classes SVC|sklearn.tree._tree Tree|xgboost.core Booster
lightgbm.basic Booster|scipy.sparse._csr csr_matrix|scipy.sparse.csr csr_matrix|functools partial|torch._utils _rebuild_tensor_v2|torch FloatStorage|torch.jit._pickle build_intlist`

const names = (text: string): string[] => text.trim().split(/[|\n]/)

describe('a name', () => {
  test.each(names(DANGEROUS))('%s is dangerous', (name) => {
    expect(verdict(name)).toBe('dangerous')
  })
  test.each(names(HARMLESS))('%s can be ignored', (name) => {
    expect(verdict(name)).toBe('ignorable')
  })
  test.each(names(DATA))('%s is data', (name) => {
    expect(verdict(name)).toBe('data')
  })
  test.each(['_core.os.environ.copy', 'a.b', '', 'a b', 'a-b', 'a\n', '__class__', '1a'])(
    '%j is none, and so dangerous',
    (name) => {
      expect(verdictOf('numpy', name)).toBe('dangerous')
      expect(verdictOf('mymodule', name)).toBe('dangerous')
    },
  )
  test.each(['', '.', 'a..b', '.a', 'a/b', 'a b', 'pip.__main__', 'numpy.__builtins__'])(
    'in the module %j is dangerous',
    (module) => {
      expect(verdictOf(module, 'Name')).toBe('dangerous')
    },
  )
})

/** What each file does, and the names that it is refused for. */
const EVIL: readonly (readonly [what: string, program: string, dangers: readonly string[]])[] = [
  ['calls os.system', "cos\nsystem\n(S'id'\ntR.", ['os.system']],
  ['throws away what its call gave', "cos\nsystem\n(S'id'\ntR0N.", ['os.system']],
  ['calls by INST', "(S'id'\nios\nsystem\n.", ['os.system']],
  ['makes an instance by INST', '(isklearn.svm\nSVC\n.', ['sklearn.svm.SVC']],
  ['makes an instance by OBJ', '(csklearn.svm\nSVC\no.', ['sklearn.svm.SVC']],
  ['calls by NEWOBJ', "\x80\x02csubprocess\nPopen\n(S'id'\nt\x81.", ['subprocess.Popen']],
  ['names by parts from the memo', '\x80\x04\x8c\x06system\x940\x8c\x02os\x940h\x01h\x00\x93.', ['os.system']],
  ['names by an escape', 'V\\u006f\\u0073\nVsystem\n\x93.', ['os.system']],
  ['walks through a name', '\x80\x04\x8c\x05numpy\x8c\x09_core.sys\x93.', ['numpy._core.sys']],
  ['uses getattr', "cbuiltins\ngetattr\n(csklearn.svm\nSVC\nS'fit'\ntR.", ['builtins.getattr']],
  [
    'uses getattr on a text for what Python keeps',
    "cbuiltins\ngetattr\n(S'a'\nS'__class__'\ntR.",
    ['builtins.getattr'],
  ],
  ['gives getattr away', '(cbuiltins\ngetattr\ncfunctools\npartial\nl.', ['builtins.getattr']],
  [
    'uses getattr well and then not',
    '(cbuiltins\ngetattr\np1\n(cbuiltins\nstr\nVlower\ntRg1\nl.',
    ['builtins.getattr'],
  ],
  ['makes a class', "cbuiltins\ntype\n(S'X'\n(t}tR.", ['builtins.type']],
  ['unpacks by a codec', "c_codecs\nencode\n(S'x'\nS'zlib'\ntR.", ['_codecs.encode']],
  ['calls what it made', "csklearn.svm\nSVC\n)R(S'x'\ntR.", ['sklearn.svm.SVC()']],
  ['opens a file as an array', "cnumpy\nmemmap\n(S'/etc/passwd'\ntR.", ['numpy.memmap']],
  [
    'finds a ufunc elsewhere',
    "cnumpy.core\n_ufunc_reconstruct\n(S'os'\nS'system'\ntR.",
    ['numpy.core._ufunc_reconstruct'],
  ],
  [
    'plants a method',
    '\x80\x02csklearn.svm\nSVC\n)\x81}X\x0c\x00\x00\x00__setstate__Nsb.',
    ['sklearn.svm.SVC.__setstate__'],
  ],
  ['gives a function attributes', 'cnumpy\nsize\n}b.', ['numpy.size.__dict__']],
  ['hides behind a broken end', "cos\nsystem\n(S'id'\ntR", []],
]

describe('a file that', () => {
  test.each(EVIL.slice(0, -1))('%s is read as data and refused by name', (_what, program, dangers) => {
    const document = readPickle(Buffer.from(program, 'latin1'))
    expect(document.dangers.map(({ module, name }) => `${module}.${name}`)).toEqual(dangers)
    expect(() => refuseDangers(document, 'model.pkl')).toThrow(ServingError)
  })

  test.each([
    ['an array that was mapped', "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nmemmap\n(I0\ntS'b'\ntR."],
    ['a ufunc by its name', "cnumpy.core\n_ufunc_reconstruct\n(S'numpy.core.umath'\nS'log1p'\ntR."],
    [
      'a method of a distribution',
      "cbuiltins\ngetattr\n(cscipy.stats._discrete_distns\nrandint_gen\n)RS'_nonzero'\ntR.",
    ],
    ['a time zone', "cbuiltins\ngetattr\n(czoneinfo\nZoneInfo\nS'_unpickle'\ntR(S'Europe/Berlin'\nI1\ntR."],
  ])('holds %s is not refused', (_what, program) => {
    expect(readPickle(Buffer.from(program)).dangers).toEqual([])
  })

  test('ends in the middle is refused with the names up to there', () => {
    const [, program] = EVIL.at(-1) as (typeof EVIL)[number]
    expect(() => readPickle(Buffer.from(program))).toThrow(
      /ends without its STOP.*before that it names "os.system" \(byte 0\)/,
    )
  })

  test('names something dangerous is refused with its byte, how many more there are, and what to do', () => {
    const document = readPickle(Buffer.from('(cos\nsystem\ncposix\nsystem\ncpty\nspawn\nt.'))
    expect(() => refuseDangers(document, 'model.pkl')).toThrow(
      /"model.pkl" names "os.system" at byte 1 and 2 more such names, which runs code.*ask who made this file.*--runtime python/,
    )
    const code = readPickle(Buffer.from('ccloudpickle.cloudpickle\n_make_function\n.'))
    expect(() => refuseDangers(code, 'model.pkl')).toThrow(/carries Python code/)
  })

  test.each(pickleCases().filter(({ expected }) => expected === null))(
    'holds an honest $name is not refused',
    ({ forms }) => {
      for (const [form, data] of Object.entries(forms)) {
        const { dangers } = readPythonFile(Buffer.from(data, 'base64'))
        expect(dangers, form).toEqual([])
      }
    },
  )
})
