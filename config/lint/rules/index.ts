import type { CheckRule, FixRule, Rule } from '../rule.ts'
import { byteOrderMark } from './byte-order-mark.ts'
import { crateKeyOrder } from './crate-key-order.ts'
import { duplicateKey } from './duplicate-key.ts'
import { finalNewline } from './final-newline.ts'
import { indentation } from './indentation.ts'
import { keyOrderObstacle } from './key-order-obstacle.ts'
import { label } from './label.ts'
import { lineEndings } from './line-endings.ts'
import { resourceKeyOrder } from './resource-key-order.ts'
import { tabIndentation } from './tab-indentation.ts'
import { trailingBlanks } from './trailing-blanks.ts'
import { untriggeredService } from './untriggered-service.ts'
import { whenChanged } from './when-changed.ts'
import { wordsAsText } from './words-as-text.ts'
import { yesNo } from './yes-no.ts'

/** In the order in which they work, each on what the one before made. */
export const fixRules: readonly FixRule[] = [
  byteOrderMark,
  lineEndings,
  tabIndentation,
  trailingBlanks,
  finalNewline,
  yesNo,
  indentation,
  duplicateKey,
  whenChanged,
  resourceKeyOrder,
  crateKeyOrder,
  label,
]

export const checkRules: readonly CheckRule[] = [wordsAsText, untriggeredService, keyOrderObstacle]

export const rules: readonly Rule[] = [...fixRules, ...checkRules]
