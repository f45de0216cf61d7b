//! Images of subjects' streams, as a damaged disk may return them: read or refused, never a panic.

#![no_main]

use usher_streams::{Activity, Names};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(activity) = Activity::from_image(bytes, &mut Names::default()) {
        let mut image = Vec::new();
        assert_eq!(activity.append_image(&mut image), Ok(()));
        let again = Activity::from_image(&image, &mut Names::default());
        assert_eq!(again.as_ref(), Ok(&activity));
    }
});
