//! Files of several PEM blocks: what is wanted comes first, what goes is left out, and what somebody else added stays.

/// The blocks of a kind (`CERTIFICATE`, `X509 CRL`), each with its final newline; other text is left out.
pub(super) fn blocks(pem: &str, kind: &str) -> Vec<String> {
    let (begin, end) = (format!("-----BEGIN {kind}-----"), format!("-----END {kind}-----"));
    let mut found = Vec::new();
    for part in pem.split(&begin).skip(1) {
        if let Some((body, _)) = part.split_once(&end) {
            found.push(format!("{begin}{body}{end}\n"));
        }
    }
    found
}

/// Whether two blocks hold the same, however their lines are broken.
fn same(one: &str, other: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    letters(one) == letters(other)
}

/// The certificates of a file that is to have `wanted`, and no longer `gone`.
pub(super) fn bundle(there: &str, wanted: &[String], gone: &[String]) -> String {
    let mut found: Vec<String> = Vec::new();
    let mut add = |block: String| {
        if !found.iter().any(|known| same(known, &block)) {
            found.push(block);
        }
    };
    wanted.iter().cloned().for_each(&mut add);
    let stays = |block: &String| !gone.iter().any(|gone| same(gone, block));
    blocks(there, "CERTIFICATE").into_iter().filter(stays).for_each(&mut add);
    found.concat()
}

/// Whether two files hold the same blocks, in whatever order.
pub(super) fn is_same_set(one: &str, other: &str) -> bool {
    let (one, other) = (blocks(one, "CERTIFICATE"), blocks(other, "CERTIFICATE"));
    one.len() == other.len() && one.iter().all(|block| other.iter().any(|known| same(known, block)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(body: &str) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    }

    #[test]
    fn what_is_wanted_leads_and_what_others_added_stays() {
        let there = format!("# note\n{}text\n{}{}", block("old"), block("theirs"), block("ne\nw"));
        let made = bundle(&there, &[block("new"), block("cur")], &[block("old"), block("cur")]);
        assert_eq!(made, [block("new"), block("cur"), block("theirs")].concat());
        assert_eq!(bundle(&made, &[block("new"), block("cur")], &[block("old")]), made);
        assert!(is_same_set(&made, &[block("theirs"), block("cur"), block("new")].concat()));
        assert!(!is_same_set(&made, &block("new")));
    }
}
