// The rules of the house: typescript-eslint's strict set, and the import arrows of docs/architecture.md.
import tseslint from 'typescript-eslint';

/** What each room of src/ may import from, besides itself. `pure` rooms touch no IO, clock or random source. */
const ROOMS = {
  util: { may: [] },
  crypto: { may: ['util'] },
  coordinates: { may: ['util', 'crypto'], pure: true },
  wire: { may: ['util', 'crypto'], pure: true },
  compat: { may: ['util'], pure: true },
  transport: { may: ['util'] },
  storage: { may: ['util'] },
  transfer: { may: ['util', 'crypto', 'wire', 'compat', 'transport', 'storage', 'coordinates'] },
  client: { may: ['util', 'transfer', 'transport', 'storage', 'coordinates', 'crypto', 'compat', 'wire'] },
  server: { may: ['util', 'transfer', 'transport', 'storage', 'coordinates', 'crypto', 'compat', 'wire'] },
  relay: { may: ['util', 'transport'] },
  control: { may: ['util', 'crypto', 'coordinates', 'transport', 'storage', 'transfer', 'client', 'server'] },
  cli: { may: ['util', 'client', 'server', 'relay', 'transfer', 'transport', 'coordinates', 'control'] },
};
/** Third-party packages, each behind one room (msgpack: the two that have a binary format). */
const PACKAGES = {
  ws: 'transport',
  'p-queue': ['transport', 'client'],
  tweetnacl: 'crypto',
  '@noble/hashes/blake2': 'crypto',
  'xxhash-wasm': 'crypto',
  msgpackr: ['wire', 'coordinates'],
  commander: 'cli',
  progress: 'cli',
  picomatch: 'storage',
  koffi: 'storage',
  'proxy-from-env': 'transport',
  '@redis/client': 'relay',
  'prom-client': 'relay',
  'openid-client': 'control',
  'openapi-fetch': 'control',
  undici: 'control',
};
const IMPURE_MODULES = ['fs', 'fs/promises', 'net', 'tls', 'http', 'https', 'child_process', 'timers', 'os', 'worker_threads'];
const IMPURE_GLOBALS = ['setTimeout', 'setInterval', 'setImmediate', 'performance', 'process', 'fetch'];

function arrows(room, { may, pure = false }) {
  const others = Object.keys(ROOMS).filter((other) => other !== room && !may.includes(other));
  const packages = Object.entries(PACKAGES).filter(([, home]) => ![home].flat().includes(room)).map(([name]) => name);
  const modules = pure ? IMPURE_MODULES.flatMap((name) => [name, `node:${name}`]) : [];
  const onlyStorage = ['storage', 'cli', 'control'].includes(room) || pure ? [] : ['fs', 'fs/promises', 'node:fs', 'node:fs/promises'];
  const rules = {
    'no-restricted-imports': [
      'error',
      {
        paths: [...packages, ...modules, ...onlyStorage].map((name) => ({ name, message: `${room} may not import it: see docs/architecture.md` })),
        patterns: others.length === 0 ? [] : [{ group: others.map((other) => `../**/${other}/*`), message: `${room} may not import from there: see docs/architecture.md` }],
      },
    ],
  };
  if (pure) {
    rules['no-restricted-globals'] = ['error', ...IMPURE_GLOBALS.map((name) => ({ name, message: `${room} is pure: pass it in` }))];
    rules['no-restricted-properties'] = ['error', { object: 'Math', property: 'random' }, { object: 'Date', property: 'now' }];
  }
  return { files: [`src/${room}/**/*.ts`], rules };
}

export default tseslint.config(
  { ignores: ['dist/', 'build/', 'build-*/', 'node_modules/'] },
  { files: ['**/*.ts'], extends: [tseslint.configs.strictTypeChecked], languageOptions: { parserOptions: { project: './tsconfig.test.json' } } },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      // `const { one, ...rest }` takes one away.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      'max-lines': ['warn', 400],
      eqeqeq: 'error',
      // It takes a constructor that narrows a parameter's type for one that does nothing.
      '@typescript-eslint/no-useless-constructor': 'off',
    },
  },
  // node:test's describe and it return promises that the runner awaits.
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['it', 'test', 'describe', 'suite'] }] }] } },
  ...Object.entries(ROOMS).map(([room, spec]) => arrows(room, spec)),
);
