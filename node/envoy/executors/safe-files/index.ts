/*
 * What executors do to files. The agent is root, folders may belong to others, and others may replace any name in their folders at any
 * moment. So a path is walked folder by folder (`findPlace`), and everything else is done in the folder that was found, which is held open.
 */
export { type Entry, type EntryKind, entryAt, kindNames, readEntry } from './entry.ts'
export { fileError, telling } from './file-error.ts'
export { makeFolder, makeLink, makePlace } from './make.ts'
export { type Foreign, type Ownership, ownTree, setOwnerAndMode } from './ownership.ts'
export { findPlace, findThroughLink, type Place, type PlaceOptions } from './place.ts'
export { removeEmptyFolder, removeEntry, removeTree } from './remove.ts'
export { type NewFile, replaceFile, type Temporary } from './replace-file.ts'
export { isTrustedFolder, isTrustedOwner, isTrustedWay, isWritableByOthers } from './trust.ts'
