/**
 * Which package brings a module that was not found. Most are called as their module is; the
 * table has those that are not. Pure; what it answers is safe to stand in a command.
 */

export interface MissingModule {
  readonly module: string;
  /** What `pip install` is told. */
  readonly distribution: string;
}

/** Modules whose package is called otherwise, the longest name that fits first. */
const PACKAGES: Readonly<Record<string, string>> = {
  attr: "attrs",
  Bio: "biopython",
  bs4: "beautifulsoup4",
  cairo: "pycairo",
  community: "python-louvain",
  Crypto: "pycryptodome",
  cv2: "opencv-python",
  dateutil: "python-dateutil",
  discord: "discord.py",
  docx: "python-docx",
  dotenv: "python-dotenv",
  faiss: "faiss-cpu",
  fitz: "PyMuPDF",
  flask_cors: "Flask-Cors",
  git: "GitPython",
  github: "PyGithub",
  "google.cloud.bigquery": "google-cloud-bigquery",
  "google.cloud.storage": "google-cloud-storage",
  "google.generativeai": "google-generativeai",
  "google.genai": "google-genai",
  "google.protobuf": "protobuf",
  graphviz: "graphviz",
  haystack: "haystack-ai",
  igraph: "igraph",
  imblearn: "imbalanced-learn",
  IPython: "ipython",
  jose: "python-jose",
  jwt: "PyJWT",
  kafka: "kafka-python",
  Levenshtein: "python-Levenshtein",
  lightning_fabric: "lightning",
  llama_index: "llama-index",
  magic: "python-magic",
  markdown: "Markdown",
  mpl_toolkits: "matplotlib",
  "mpl_toolkits.basemap": "basemap",
  MySQLdb: "mysqlclient",
  nacl: "PyNaCl",
  ndjson: "ndjson",
  OpenSSL: "pyOpenSSL",
  osgeo: "GDAL",
  PIL: "pillow",
  pkg_resources: "setuptools",
  pl_bolts: "lightning-bolts",
  pptx: "python-pptx",
  psycopg2: "psycopg2-binary",
  pydot: "pydot",
  pylab: "matplotlib",
  pytorch_lightning: "pytorch-lightning",
  pywt: "PyWavelets",
  rasterio: "rasterio",
  rest_framework: "djangorestframework",
  ruamel: "ruamel.yaml",
  sentence_transformers: "sentence-transformers",
  serial: "pyserial",
  shapefile: "pyshp",
  skimage: "scikit-image",
  sklearn: "scikit-learn",
  skopt: "scikit-optimize",
  slugify: "python-slugify",
  socks: "PySocks",
  sksurv: "scikit-survival",
  speech_recognition: "SpeechRecognition",
  tabula: "tabula-py",
  telegram: "python-telegram-bot",
  tensorboardX: "tensorboardX",
  tlz: "toolz",
  tree_sitter: "tree-sitter",
  umap: "umap-learn",
  usb: "pyusb",
  websocket: "websocket-client",
  wx: "wxPython",
  Xlib: "python-xlib",
  yaml: "PyYAML",
  zmq: "pyzmq",
};

/** Modules of Python's own that a particular build may lack: no package brings them. */
const PYTHONS_OWN = new Set(
  (
    "_bz2 _ctypes _curses _dbm _gdbm _lzma _sqlite3 _ssl _tkinter bz2 ctypes curses dbm ensurepip" +
    " lzma msilib readline sqlite3 ssl tkinter turtle venv winreg winsound"
  ).split(" "),
);

const MODULE = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;
const SAID = /^No module named ['"]?([\w.]+)['"]?/;

/** The package to install after this error; null when no package would help. */
export function missingModule(name: string, message: string): MissingModule | null {
  if (name !== "ModuleNotFoundError" && name !== "ImportError") return null;
  const module = SAID.exec(message)?.[1];
  // `'a.b'; 'a' is not a package`: a file of one's own stands in the package's place.
  if (module === undefined || !MODULE.test(module) || message.includes("is not a package"))
    return null;
  const parts = module.split(".");
  const [first = ""] = parts;
  if (PYTHONS_OWN.has(first) || first === "__main__") return null;
  for (let length = parts.length; length > 0; length -= 1) {
    const path = parts.slice(0, length).join(".");
    const known = Object.hasOwn(PACKAGES, path) ? PACKAGES[path] : undefined;
    if (known !== undefined) return { module, distribution: known };
  }
  // A missing part of a package that is there is not brought by installing it again.
  if (parts.length > 1) return null;
  return { module, distribution: first.replaceAll("_", "-") };
}
