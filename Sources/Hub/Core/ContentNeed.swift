internal import ControlAPI
import SyncCore

/// The bytes that one operation needs before it can be committed, and where they should lie.
struct ContentNeed: Sendable {
    enum Source: Sendable {
        /// They came with the request, or behind it.
        case inline(ArraySlice<UInt8>)
        /// In this client's staging directory.
        case staged(file: Name, offset: Int64)
        /// In the share, or in `versions/`.
        case known(BaseSource)
        /// To be put together.
        case recipe(RecipeSource)
    }

    var operation: OperationID
    var content: FileContent
    var source: Source

    /// Whether a staged file is this content and nothing else, as far as the request tells.
    static func isAlone(_ file: Name, in needs: [ContentNeed]) -> Bool {
        needs.count { if case .staged(file, _) = $0.source { true } else { false } } == 1
    }
}

/// An operation as it came, with where its bytes lie.
struct SourcedOperation: Sendable {
    var operation: Operation
    /// Nil if the request names none.
    var source: ContentSource?

    /// - Throws: ``ErrorMessage`` that names the operation and the field.
    static func parse(_ request: CommitRequest) throws(ErrorMessage) -> [SourcedOperation] {
        var numbers = Set<Int64>()
        var parsed: [SourcedOperation] = []
        var inline: Int64 = 0
        for message in request.operations {
            guard numbers.insert(message.number).inserted else {
                throw ErrorMessage(.badValue, "two operations have the number \(message.number)")
            }
            do throws(WireError) {
                let sourced = SourcedOperation(
                    operation: try message.operation(generation: request.generation),
                    source: try message.source?.source())
                try sourced.checkSize()
                parsed.append(sourced)
            } catch {
                var refusal = ErrorMessage(error)
                refusal.error.message = "operation \(message.number): \(refusal.message)"
                throw refusal
            }
            guard case .inline(let bytes)? = parsed.last?.source else { continue }
            inline += Int64(bytes.count)
            if inline > InlineContents.most {
                throw ErrorMessage(
                    .tooLarge, "a commit brings at most \(InlineContents.most) bytes in itself; stage what is more")
            }
        }
        return parsed
    }
}
