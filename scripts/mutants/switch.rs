
// In the test's process the thread's name is the test's; a command gets its number in the environment.
#[allow(warnings, clippy::all, clippy::pedantic)]
pub mod mutant {
    use std::{env, fs, io::Write, sync::OnceLock, thread};
    pub fn of_test() -> String {
        let map = env::var("MUTANTS").ok().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        let test = thread::current().name().unwrap_or_default().to_owned();
        let line = map.lines().find_map(|line| line.split_once(' ').filter(|(name, _)| *name == test));
        line.map_or_else(|| format!("0 {test}"), |(_, id)| format!("{id} {test}"))
    }
    thread_local! { static OWN: (u32, String) = parse(&of_test()); }
    static PROCESS: OnceLock<Option<(u32, String)>> = OnceLock::new();
    fn parse(text: &str) -> (u32, String) {
        let (id, test) = text.split_once(' ').unwrap_or(("0", ""));
        (id.parse().unwrap_or(0), test.to_owned())
    }
    fn reached(test: &str, function: u32) {
        let Some(path) = env::var_os("MUTANTS_REACHED") else { return };
        if let Ok(mut file) = fs::OpenOptions::new().append(true).create(true).open(path) {
            let _ = file.write_all(format!("{test} {function}\n").as_bytes());
        }
    }
    thread_local! { static SEEN: std::cell::RefCell<std::collections::HashSet<u32>> = Default::default(); }
    pub fn id(function: u32) -> u32 {
        let of_process = PROCESS.get_or_init(|| env::var("MUTANT").ok().map(|text| parse(&text)));
        let ask = |(id, test): &(u32, String)| {
            if *id == 0 && SEEN.try_with(|seen| seen.borrow_mut().insert(function)).unwrap_or(false) {
                reached(test, function);
            }
            *id
        };
        of_process.as_ref().map_or_else(|| OWN.try_with(ask).unwrap_or(0), ask)
    }
}
