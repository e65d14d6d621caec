import { storageConformance, storageWith } from './storage.js';

for (const ioMode of ['sync', 'async'] as const) storageConformance(storageWith(ioMode));
