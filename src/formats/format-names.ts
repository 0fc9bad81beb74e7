/** What a file is, told by its content; its name has no say. */
export type FileFormat =
  | 'onnx'
  | 'pipeline'
  /** A pickle of any protocol, joblib's included. */
  | 'pickle'
  /** The same, compressed as a whole. */
  | 'packed-pickle'
  /** torch.export's archive, of either layout. */
  | 'pt2'
  | 'torchscript'
  /** What torch.save writes: weights, or a whole module. */
  | 'torch'
  /** The same before PyTorch 1.6: pickles in a row, or a tar archive of them. */
  | 'torch-legacy'
  | 'npy'
  | 'npz'
  | 'safetensors'
  | 'xgboost-json'
  | 'xgboost-ubj'
  | 'xgboost-binary'
  | 'xgboost-dump'
  | 'lightgbm'
  | 'lightgbm-dump'
  | 'catboost'
  | 'skops'
  | 'keras'
  | 'hdf5'
  | 'saved-model'
  | 'tflite'
  | 'gguf'
  /** Archives of files that are looked into one by one. */
  | 'zip'
  | 'tar'
  | 'packed-tar'
  | 'other-archive'
  /** Compressed, and holds neither a pickle nor a tar archive; or is damaged. */
  | 'packed'
  | 'program'
  | 'parquet'
  | 'json'
  | 'csv'
  | 'text'
  | 'empty'
  | 'unknown'

/** How a format is called in messages, as in "the file is …". */
export const FORMAT_NAMES: Readonly<Record<FileFormat, string>> = {
  onnx: 'an ONNX model',
  pipeline: 'a pipeline of models',
  pickle: 'a Python pickle',
  'packed-pickle': 'a compressed Python pickle',
  pt2: 'a program of torch.export (.pt2)',
  torchscript: 'a TorchScript module',
  torch: 'what torch.save writes: weights, or a module whose code is elsewhere',
  'torch-legacy': 'what torch.save of an old PyTorch writes: weights, or a module whose code is elsewhere',
  npy: 'a NumPy array',
  npz: 'an archive of NumPy arrays',
  safetensors: 'a safetensors file: weights without the model that they belong to',
  'xgboost-json': 'an XGBoost model (JSON)',
  'xgboost-ubj': 'an XGBoost model (UBJSON)',
  'xgboost-binary': 'an XGBoost model of the old binary kind',
  'xgboost-dump': 'the trees of an XGBoost model, dumped for people to read',
  lightgbm: 'a LightGBM model',
  'lightgbm-dump': 'the trees of a LightGBM model, dumped for people to read',
  catboost: 'a CatBoost model',
  skops: 'a model in the form of skops',
  keras: 'a Keras model (.keras)',
  hdf5: 'an HDF5 file (older Keras models are such)',
  'saved-model': 'a TensorFlow SavedModel',
  tflite: 'a TensorFlow Lite model',
  gguf: 'a language model in GGUF',
  zip: 'a zip archive',
  tar: 'a tar archive',
  'packed-tar': 'a compressed tar archive',
  'other-archive': 'an archive that is neither zip nor tar',
  packed: 'a compressed file that holds neither a pickle nor a tar archive, or is damaged',
  program: 'a program for a machine',
  parquet: 'a Parquet table',
  json: 'JSON text',
  csv: 'a table (CSV)',
  text: 'text',
  empty: 'an empty file',
  unknown: 'of an unknown format',
}

/** The two lines that make a program out of a PyTorch module in Python. */
export const TORCH_EXPORT_LINES =
  'ep = torch.export.export(model.eval(), (example,), dynamic_shapes=({0: torch.export.Dim("batch")},)); torch.export.save(ep, "model.pt2")'

/** What makes a model that can be compiled out of a file that cannot: for the formats where somebody can do something. */
export const ADVICE: Readonly<Partial<Record<FileFormat, string>>> = {
  torch: `export it where its code is, in Python: ${TORCH_EXPORT_LINES}`,
  'torch-legacy': `export it where its code is, in Python: ${TORCH_EXPORT_LINES}`,
  safetensors: `load them into their model in Python and export that: ${TORCH_EXPORT_LINES}; models of Hugging Face by: optimum-cli export onnx --model FOLDER onnx/`,
  'xgboost-binary':
    'load it with the XGBoost that wrote it, in Python, and save it anew: booster = xgboost.Booster(model_file="old.model"); booster.save_model("model.ubj")',
  'xgboost-dump': 'save the model itself, in Python: booster.save_model("model.ubj")',
  'lightgbm-dump': 'save the model itself, in Python: booster.save_model("model.txt")',
  catboost: 'save it as ONNX, in Python: model.save_model("model.onnx", format="onnx")',
  skops:
    'save the model by joblib, in Python: joblib.dump(skops.io.load("model.skops", trusted=skops.io.get_untrusted_types(file="model.skops")), "model.joblib")',
  keras:
    'export it as ONNX, in Python: keras.saving.load_model("model.keras").export("model.onnx", format="onnx"); or by tf2onnx: tf2onnx.convert.from_keras(model, output_path="model.onnx")',
  hdf5: 'if it is a Keras model, convert it to ONNX: python -m tf2onnx.convert --keras model.h5 --output model.onnx',
  'saved-model': 'convert its folder to ONNX: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx',
  tflite: 'convert it to ONNX: python -m tf2onnx.convert --tflite model.tflite --output model.onnx',
  gguf: 'language models of this kind are not served yet',
  'other-archive': 'unpack it, and name the model file in it',
  packed: 'unpack it, and name the model file in it',
  program: 'nothing that is already machine code is run; export the model as ONNX or by torch.export',
  npy: 'an array is data and no model: ask a model about it by slipway predict',
  npz: 'arrays are data and no model: ask a model about them by slipway predict',
  parquet: 'a table is data and no model',
  csv: 'a table is data and no model: ask a model about it by slipway predict',
  empty: 'copy it again',
}
