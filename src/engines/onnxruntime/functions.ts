/** Version of the table of functions; later libraries keep it as it is. */
export const API_VERSION = 24

/**
 * Functions of OrtApi that are used here: their places in its table and their parameters.
 * `p` is a pointer or a size, `i` an int. All but releases and `GetErrorMessage` return an OrtStatus, 0 when all went well.
 * @see onnxruntime_c_api.h, struct OrtApi
 */
export const FUNCTIONS = {
  GetErrorMessage: [2, 'p'],
  CreateEnv: [3, 'ipp'],
  DisableTelemetryEvents: [6, 'p'],
  CreateSessionFromArray: [8, 'ppppp'],
  Run: [9, 'pppppppp'],
  CreateSessionOptions: [10, 'p'],
  SetSessionExecutionMode: [13, 'pi'],
  DisableMemPattern: [17, 'p'],
  DisableCpuMemArena: [19, 'p'],
  SetSessionLogSeverityLevel: [22, 'pi'],
  SetSessionGraphOptimizationLevel: [23, 'pi'],
  SetIntraOpNumThreads: [24, 'pi'],
  SetInterOpNumThreads: [25, 'pi'],
  SessionGetInputCount: [30, 'pp'],
  SessionGetInputTypeInfo: [33, 'ppp'],
  SessionGetInputName: [36, 'pppp'],
  CreateRunOptions: [39, 'p'],
  RunOptionsSetTerminate: [46, 'p'],
  CreateTensorAsOrtValue: [48, 'pppip'],
  CreateTensorWithDataAsOrtValue: [49, 'pppppip'],
  GetTensorMutableData: [51, 'pp'],
  GetStringTensorDataLength: [53, 'pp'],
  GetStringTensorContent: [54, 'ppppp'],
  CastTypeInfoToTensorInfo: [55, 'pp'],
  GetTensorElementType: [60, 'pp'],
  GetValueType: [67, 'pp'],
  CreateCpuMemoryInfo: [69, 'iip'],
  AllocatorFree: [76, 'pp'],
  GetAllocatorWithDefaultOptions: [78, 'p'],
  GetValue: [80, 'pipp'],
  GetValueCount: [81, 'pp'],
  ReleaseStatus: [93, 'p'],
  ReleaseSession: [95, 'p'],
  ReleaseValue: [96, 'p'],
  ReleaseRunOptions: [97, 'p'],
  ReleaseTypeInfo: [98, 'p'],
  AddSessionConfigEntry: [130, 'ppp'],
  GetResizedStringTensorElementBuffer: [252, 'pppp'],
  GetTensorElementTypeAndShapeDataReference: [414, 'pppp'],
} as const satisfies Record<string, readonly [place: number, parameters: string]>

export type FunctionName = keyof typeof FUNCTIONS
