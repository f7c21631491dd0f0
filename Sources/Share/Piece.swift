/// Why a file in the share is none that counts yet, from what the sessions of devices tell.
package enum Piece: Hashable, Sendable, CustomStringConvertible {
    /// A device has it open for writing.
    case open(by: String)
    /// A device did not write all of it.
    case broken(by: String)

    package var description: String {
        switch self {
        case .open(let client): "\(client) is writing it"
        case .broken(let client): "\(client)'s upload of it broke off"
        }
    }
}
