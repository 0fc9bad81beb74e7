/**
 * Modules of Python's standard library, of 2.7 and 3.x together: what they hold is dangerous but for the names in
 * `PLAIN_STANDARD_NAMES`.
 * @see CPython, `sys.stdlib_module_names`
 */
export const STANDARD_MODULES: ReadonlySet<string> = new Set(
  words(`__future__ _abc _aix_support _android_support _apple_support _ast _asyncio _bisect _blake2 _bootlocale
  _bootsubprocess _bz2 _codecs _collections _collections_abc _colorize _compat_pickle _compression _contextvars _crypt _csv
  _ctypes _curses _curses_panel _datetime _dbm _decimal _elementtree _frozen_importlib _frozen_importlib_external _functools
  _gdbm _hashlib _heapq _hmac _imp _interpchannels _interpqueues _interpreters _io _ios_support _json _locale _lsprof _lzma
  _markupbase _md5 _msi _multibytecodec _multiprocessing _opcode _opcode_metadata _operator _osx_support _overlapped _pickle
  _posixshmem _posixsubprocess _py_abc _py_warnings _pydatetime _pydecimal _pyio _pylong _pyrepl _queue _random _remote_debugging
  _scproxy _sha1 _sha2 _sha256 _sha3 _sha512 _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string
  _strptime _struct _suggestions _symtable _sysconfig _testcapi _testinternalcapi _thread _threading_local _tkinter _tokenize
  _tracemalloc _types _typing _uuid _warnings _weakref _weakrefset _winapi _winreg _wmi _zoneinfo _zstd abc aifc annotationlib
  antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect builtins bz2 cProfile
  calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys commands compileall compression concurrent
  configparser contextlib contextvars copy copyreg cPickle crypt csv cStringIO ctypes curses dataclasses datetime dbm decimal
  difflib dircache dis distutils doctest dummy_thread dummy_threading email encodings ensurepip enum errno exceptions
  faulthandler fcntl filecmp fileinput fnmatch formatter fpectl fractions ftplib functools future_builtins gc genericpath
  getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac hotshot html htmlentitydefs htmllib http httplib idlelib ihooks
  imaplib imghdr imp importlib imputil inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma macpath
  mailbox mailcap marshal math mhlib mimetools mimetypes mmap modulefinder msilib msvcrt multifile multiprocessing mutex netrc
  new nis nntplib nt ntpath nturl2path numbers opcode operator optparse os os2emxpath ossaudiodev parser pathlib pdb pickle
  pickletools pipes pkgutil platform plistlib popen2 poplib posix posixfile posixpath pprint profile pstats pty pwd py_compile
  pyclbr pydoc pydoc_data pyexpat queue Queue quopri random re readline repr reprlib resource rexec rfc822 rlcompleter runpy
  sched secrets select selectors sets sgmllib sha shelve shlex shutil signal site sitecustomize SimpleHTTPServer smtpd smtplib
  sndhdr socket socketserver SocketServer spwd sqlite3 sre sre_compile sre_constants sre_parse ssl stat statistics statvfs string
  StringIO stringold stringprep strop struct subprocess sunau sunaudio symbol symtable sys sysconfig syslog tabnanny tarfile
  telnetlib tempfile termios textwrap this thread threading time timeit tkinter Tkinter token tokenize tomllib toaiff trace
  traceback tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib urllib2 urlparse user usercustomize
  UserDict UserList UserString uu uuid venv warnings wave weakref webbrowser whichdb winreg winsound wsgiref xdrlib xml xmllib
  xmlrpc xmlrpclib zipapp zipfile zipimport zlib zoneinfo BaseHTTPServer Bastion CGIHTTPServer ConfigParser Cookie cookielib
  DocXMLRPCServer HTMLParser SimpleXMLRPCServer`),
)

/** Operators that are functions of numbers; what fetches or calls is not among them. */
const NUMBER_OPERATORS =
  'abs add and_ eq floordiv ge gt index inv invert le lshift lt mod mul ne neg not_ or_ pos pow rshift sub truediv xor'

/** Names of the standard library that only hold or make a value, by module. */
export const PLAIN_STANDARD_NAMES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    builtins: `bool bytearray bytes complex dict float frozenset int list object range set slice str tuple
      unicode long xrange basestring buffer abs divmod len max min pow repr round sorted sum any all chr ord hash
      Ellipsis NotImplemented None True False
      BaseException Exception ArithmeticError AssertionError AttributeError BufferError EOFError ImportError IndexError
      KeyError LookupError MemoryError ModuleNotFoundError NameError NotImplementedError OSError IOError OverflowError
      RecursionError ReferenceError RuntimeError StopIteration SyntaxError SystemError TypeError UnicodeDecodeError
      UnicodeEncodeError UnicodeError ValueError ZeroDivisionError FileNotFoundError PermissionError TimeoutError
      Warning DeprecationWarning FutureWarning RuntimeWarning UserWarning`,
    _codecs: 'encode',
    _collections: 'OrderedDict defaultdict deque',
    _decimal: 'Decimal Context',
    _io: 'BytesIO StringIO',
    _operator: NUMBER_OPERATORS,
    _random: 'Random',
    abc: 'ABC',
    array: 'array _array_reconstructor',
    cmath: 'exp log log10 sqrt sin cos tan phase polar rect',
    collections: 'OrderedDict defaultdict Counter deque ChainMap UserDict UserList UserString',
    copyreg: '_reconstructor __newobj__ __newobj_ex__',
    dataclasses: 'MISSING _MISSING_TYPE _HAS_DEFAULT_FACTORY_CLASS Field',
    datetime: 'date datetime time timedelta timezone tzinfo',
    decimal: 'Decimal Context',
    enum: 'Enum IntEnum Flag IntFlag StrEnum',
    fractions: 'Fraction',
    functools: 'partial',
    html: 'escape unescape',
    inspect: 'Signature Parameter _ParameterKind _empty',
    io: 'BytesIO StringIO',
    ipaddress: 'IPv4Address IPv6Address IPv4Network IPv6Network',
    itertools: 'count repeat',
    logging: 'getLogger Logger RootLogger',
    math: `acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2 expm1
      fabs factorial floor fmod frexp fsum gamma gcd hypot isclose isfinite isinf isnan isqrt lcm ldexp lgamma log log10 log1p
      log2 modf nextafter pow prod radians remainder sin sinh sqrt tan tanh trunc ulp`,
    numbers: 'Number Complex Real Rational Integral',
    operator: NUMBER_OPERATORS,
    pathlib: 'Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath',
    'pathlib._local': 'Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath',
    random: 'Random',
    re: '_compile compile Pattern RegexFlag',
    statistics: 'mean median mode pstdev pvariance stdev variance fmean',
    string: 'Template capwords',
    time: 'struct_time',
    types: 'SimpleNamespace NoneType EllipsisType NotImplementedType GenericAlias UnionType',
    typing: `Any AnyStr Callable ClassVar Dict Final FrozenSet Generic Iterable Iterator List Literal Mapping NamedTuple
      Optional Sequence Set Tuple Type TypeVar Union`,
    unicodedata: 'normalize',
    uuid: 'UUID SafeUUID',
    zoneinfo: 'ZoneInfo',
  }).map(([module, names]) => [module, new Set(words(names))]),
)

/** Packages that have no place in a model: they run things, fetch things, or carry code. */
export const DANGEROUS_PACKAGES: ReadonlySet<string> = new Set(
  words(`Cython IPython Pyro4 Pyro5 _cffi_backend _pytest _distutils_hack aiofiles aiohttp asyncssh azure boto boto3 botocore bottle
  celery cffi cherrypy click cloudpickle comtypes conda cython dill distlib distributed django docker eventlet execnet
  fabric fastapi fickling flask fsspec gcsfs gevent git google gradio greenlet h2 httpcore httplib2 httpx huggingface_hub hypothesis
  invoke ipykernel jinja2 jsonpickle jupyter jupyter_client jupyter_core kazoo keyboard kubernetes langchain llvmlite mako mlflow
  mock mysql nbconvert nbformat nose notebook numba numexpr openai paramiko patch pebble pexpect picklescan pip pkg_resources
  playwright plumbum psutil psycopg2 ptyprocess py pycurl pymongo pymysql pynput pyautogui pytest pythoncom pyximport ray redis
  requests rpyc rq s3fs sagemaker scrapy selenium setuptools sh socketio socks sqlalchemy starlette streamlit sympy tornado
  twisted urllib3 uvicorn virtualenv wandb websocket websockets werkzeug wheel win32api win32com win32process yaml zmq`),
)

/** Modules of packages that models are of, which reach files, the network or code. */
export const DANGEROUS_MODULES: readonly string[] = words(`
  joblib.externals joblib.executor joblib.func_inspect joblib.disk joblib.test joblib.testing joblib.backports joblib.pool
  lightgbm.plotting lightgbm.libpath
  numpy.compat numpy.ctypeslib numpy.distutils numpy.f2py numpy.testing numpy.tests numpy.conftest numpy.exec
  numpy._core._internal numpy._core.tests numpy._core.overrides numpy._pytesttester numpy._pyinstaller numpy._build_utils
  numpy._core.umath_tests numpy._core._multiarray_tests numpy._core.cversions numpy.__config__ numpy._distributor_init
  numpy.lib.npyio numpy.lib._npyio_impl numpy.lib._datasource numpy.lib.format numpy.lib._format_impl numpy.lib.utils
  numpy.lib._utils_impl numpy.lib.introspect numpy.lib.tests numpy.ma.testutils numpy.ma.timer_comparison numpy.version
  pandas.io pandas._config pandas._testing pandas.testing pandas.tests pandas.util pandas.compat pandas.plotting pandas.conftest
  pandas.core.computation pandas.core.config_init pandas.core.util pandas._libs.testing pandas._libs.parsers pandas._libs.json
  scipy.datasets scipy.integrate scipy.io scipy.misc scipy.optimize scipy.weave scipy.conftest scipy._build_utils scipy._lib._ccallback
  scipy._lib._testutils scipy._lib._threadsafety scipy._lib.doccer scipy._lib.uarray scipy._lib._uarray scipy._lib._disjoint_set
  scipy._distributor_init scipy.__config__ scipy.linalg._testutils scipy.special._testutils scipy._lib.deprecation scipy.fft._backend
  sklearn.__check_build sklearn._build_utils sklearn._config sklearn._distributor_init sklearn.conftest sklearn.datasets
  sklearn.externals sklearn.tests sklearn.utils._testing sklearn.utils._show_versions sklearn.utils.estimator_checks
  sklearn.utils.discovery sklearn.utils._mocking sklearn.utils._array_api sklearn.utils._joblib
  test.support
  xgboost.rabit xgboost.tracker xgboost.collective xgboost.testing xgboost.plotting xgboost.libpath xgboost.federated`)

/** Names in packages that models are of which call what they are given, or change how the package works. */
export const DANGEROUS_NAMES: ReadonlySet<string> = new Set(
  words(`numpy.apply_along_axis numpy.apply_over_axes numpy.bench numpy.deprecate numpy.frombuffer_file numpy.fromfile
  numpy.fromfunction numpy.fromiter numpy.frompyfunc numpy.fromregex numpy.genfromtxt numpy.get_include numpy.info numpy.load
  numpy.loads numpy.loadtxt numpy.lookfor numpy.mafromtxt numpy.ndfromtxt numpy.piecewise numpy.recfromcsv numpy.recfromtxt
  numpy.safe_eval numpy.save numpy.savetxt numpy.savez numpy.savez_compressed numpy.set_numeric_ops numpy.set_printoptions
  numpy.set_string_function numpy.setbufsize numpy.seterr numpy.seterrcall numpy.show_config numpy.show_runtime numpy.source
  numpy.test numpy.who numpy.DataSource numpy.errstate numpy.matlib numpy.nested_iters
  pandas.ExcelFile pandas.ExcelWriter pandas.HDFStore pandas.eval pandas.set_option pandas.reset_option pandas.option_context
  pandas.describe_option pandas.show_versions pandas.test
  scipy.LowLevelCallable scipy.test scipy.show_config scipy.ndimage.generic_filter scipy.ndimage.generic_filter1d
  scipy.ndimage.generic_gradient_magnitude scipy.ndimage.generic_laplace scipy.ndimage.geometric_transform
  sklearn.set_config sklearn.show_versions sklearn.config_context`),
)

/** Packages that models are of. Their classes are harmless; so are their functions that are named after no such doing. */
export const MODEL_PACKAGES: ReadonlySet<string> = new Set(
  words('catboost category_encoders imblearn joblib lightgbm numpy pandas pyarrow scipy sklearn skops xgboost'),
)

/** What a function does whose name says that it reaches further than its arguments. */
export const FAR_REACHING =
  /(?:^|_)(?:load|loads|loader|read|reader|open|save|dump|dumps|write|exec|execute|eval|evaluate_string|run|runs|call|apply|import|compile|fetch|download|urlopen|urlretrieve|system|popen|spawn|shell|subprocess|file|files|path|memmap|mmap|getattr|setattr|delattr|resolve|lookup|test|tests|serve|connect|socket|request|send|recv|fork|kill|remove|unlink|rmtree|mkdir|move|hook|reduce|thread|process|command|cmd|eval_expr|query|config|option|options|module|delayed|decorator|wrapper|wrap|caller|invoke|fromstring_eval|source|lambdify|parse_expr|sympify)(?:_|$)/

/** Functions that run or fetch, whatever module they claim to be of. */
export const RUNNING_NAMES: ReadonlySet<string> = new Set(
  words(`Popen __import__ _exec _run_code check_call check_output eval exec exec_command execfile execv execve getoutput
  getstatusoutput import_module popen resolve_name run_module run_path runcode runctx runsource runstring spawnl spawnv startfile
  system urlopen urlretrieve`),
)

/** What torch's own files are made of: storages, the functions that make tensors of them, and what TorchScript adds. */
export const TORCH_NAMES: ReadonlySet<string> = new Set(
  words(`torch.Size torch.device torch.dtype torch.layout torch.memory_format torch.Tensor torch.Generator
  torch._utils._rebuild_tensor torch._utils._rebuild_tensor_v2 torch._utils._rebuild_tensor_v3 torch._utils._rebuild_parameter
  torch._utils._rebuild_parameter_with_state torch._utils._rebuild_qtensor torch._utils._rebuild_sparse_tensor
  torch._utils._rebuild_meta_tensor_no_storage torch._utils._rebuild_nested_tensor torch._tensor._rebuild_from_type_v2
  torch._tensor.Tensor torch.nn.parameter.Parameter torch.nn.parameter.Buffer torch.serialization._get_layout torch.storage.UntypedStorage
  torch.storage.TypedStorage torch.storage._TypedStorage torch.storage._UntypedStorage
  torch.jit._pickle.build_boollist torch.jit._pickle.build_doublelist torch.jit._pickle.build_intlist
  torch.jit._pickle.build_tensorlist torch.jit._pickle.build_tensor_from_id torch.jit._pickle.restore_type_tag`),
)

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}
