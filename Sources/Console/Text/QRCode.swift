internal import CQREncode

/// A QR code (ISO/IEC 18004) of a short text.
struct QRCode: Equatable {
    /// Modules in a row.
    let size: Int
    /// Whether a module is dark, row by row.
    let isDark: [Bool]

    init(size: Int, isDark: [Bool]) { (self.size, self.isDark) = (size, isDark) }

    /// Nil for a text that no code has room for.
    init?(_ text: String) {
        guard let code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1) else { return nil }
        defer { QRcode_free(code) }
        size = Int(code.pointee.width)
        // SAFETY: libqrencode keeps width × width bytes there, until it is freed.
        isDark = UnsafeBufferPointer(start: code.pointee.data, count: size * size).map { $0 & 1 == 1 }
    }

    /// Lines for a terminal: two modules stand above each other in a character, light ones in the colour of text, with the four
    /// light modules around that the standard asks for.
    /// - Parameter isStyled: white on black, whatever the terminal's colours are. Without it a terminal with dark text shows it inverted,
    ///   which most cameras read, too.
    func lines(isStyled: Bool) -> String {
        let border = 4
        func isLight(_ row: Int, _ column: Int) -> Bool {
            let inside = 0..<size
            return !inside.contains(row) || !inside.contains(column) || !isDark[row * size + column]
        }
        return stride(from: -border, to: size + border, by: 2).map { row in
            let line = (-border..<size + border).map { column -> String in
                // Below the last row is nothing.
                switch (isLight(row, column), row + 1 < size + border && isLight(row + 1, column)) {
                case (true, true): "█"
                case (true, false): "▀"
                case (false, true): "▄"
                case (false, false): " "
                }
            }.joined()
            return isStyled ? "\u{1B}[40;97m\(line)\u{1B}[0m\n" : line + "\n"
        }.joined()
    }
}
