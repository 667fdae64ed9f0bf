import { blobStoreCompliance } from './compliance.ts'
import { memoryStore } from './memory-store.ts'

blobStoreCompliance('memory', async ({ clock }) => {
  const store = memoryStore({ clock })
  return { store, destroy: () => store.close() }
})
