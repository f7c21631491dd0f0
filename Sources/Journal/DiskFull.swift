internal import SQLite

/// Whether something that the journal threw means that its disk is full, so that room helps.
package func isDiskFull(_ error: any Error) -> Bool { (error as? DatabaseError)?.isFull ?? false }
