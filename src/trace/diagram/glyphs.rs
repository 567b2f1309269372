/// The characters of a diagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glyphs {
    /// A process that is up, and one that is marked.
    pub(super) line: char,
    pub(super) thick: char,
    /// The same with something attached to the right, to the left, to both sides.
    pub(super) joints: [char; 3],
    pub(super) thick_joints: [char; 3],
    /// It handles an event; a timer of its fires; it crashes, or something is lost.
    pub(super) dot: char,
    pub(super) ring: char,
    pub(super) cross: char,
    pub(super) dash: char,
    pub(super) to_right: char,
    pub(super) to_left: char,
    pub(super) dagger: char,
    pub(super) dots: char,
    pub(super) cut: char,
    pub(super) rule: char,
    pub(super) times: char,
    pub(super) ascii: bool,
}

pub(super) const UNICODE: Glyphs = Glyphs {
    line: '│',
    thick: '║',
    joints: ['├', '┤', '┼'],
    thick_joints: ['╟', '╢', '╫'],
    dot: '●',
    ring: '○',
    cross: '✗',
    dash: '─',
    to_right: '▶',
    to_left: '◀',
    dagger: '†',
    dots: '⋮',
    cut: '…',
    rule: '┄',
    times: '×',
    ascii: false,
};

pub(super) const ASCII: Glyphs = Glyphs {
    line: '|',
    thick: '#',
    joints: ['+', '+', '+'],
    thick_joints: ['#', '#', '#'],
    dot: '*',
    ring: 'o',
    cross: 'x',
    dash: '-',
    to_right: '>',
    to_left: '<',
    dagger: '+',
    dots: ':',
    cut: '~',
    rule: '=',
    times: 'x',
    ascii: true,
};
