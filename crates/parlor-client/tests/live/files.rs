//! What is played from a file arrives, and what is recorded can be played again.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use parlor_client::{IvfReader, IvfWriter, Media, OpusReader, OpusWriter, Source, play, record};
use parlor_server::RoomConfig;

use crate::support::{Server, opus, soon};

fn opus_file(folder: &Path, packets: u32) -> PathBuf {
    let path = folder.join("sound.opus");
    let mut writer = OpusWriter::new(File::create(&path).unwrap(), 1).unwrap();
    for number in 0..packets {
        writer.write(&opus(number), 0).unwrap();
    }
    writer.finish().unwrap();
    path
}

fn read_opus(path: &Path) -> Vec<Vec<u8>> {
    let mut reader = OpusReader::new(BufReader::new(File::open(path).unwrap())).unwrap();
    std::iter::from_fn(|| reader.packet().unwrap()).collect()
}

fn picture(number: u32) -> Vec<u8> {
    let mut frame = vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];
    frame.extend(number.to_le_bytes());
    frame.resize(3_000, 7);
    frame
}

fn ivf_file(folder: &Path, frames: u32) -> PathBuf {
    let path = folder.join("pictures.ivf");
    let mut writer = IvfWriter::new(File::create(&path).unwrap(), 640, 360).unwrap();
    for number in 0..frames {
        writer.write(u64::from(number) * 3_000, &picture(number)).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// UDP promises nothing: with a dozen other tests on the same cores a packet may be lost, which is no fault of file or recording.
const TRIES: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_played_is_recorded_byte_for_byte() {
    for number in 1..=TRIES {
        if is_recorded_whole(number == TRIES).await {
            return;
        }
    }
}

/// Plays and records sound and pictures; false if packets were lost, and `is_last` does not forbid it.
async fn is_recorded_whole(is_last: bool) -> bool {
    let server = Server::start(RoomConfig::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    let mut ann = server.in_tea("ann").await;
    let mut bob = server.in_tea("bob").await;
    let sound = opus_file(folder.path(), 60);
    let pictures = ivf_file(folder.path(), 40);
    let microphone = Media::of(&sound).unwrap().publish(Source::Microphone);
    let camera = Media::of(&pictures).unwrap().publish(Source::Camera);
    let microphone = ann.client.publish(microphone).await.unwrap();
    let camera = ann.client.publish(camera).await.unwrap();
    ann.connected("bob").await;
    bob.connected("ann").await;
    // Until both ends know all sections, first packets would be lost, as the beginning of a live sound is.
    let recording = {
        let kept = kept.clone();
        tokio::spawn(async move {
            let mut recorded = Vec::new();
            for _ in 0..2 {
                let track = bob.track("ann").await;
                let kept = kept.clone();
                recorded.push(tokio::task::spawn_blocking(move || record(track, &kept).unwrap().unwrap()));
            }
            (bob, recorded)
        })
    };
    let (microphone, camera) =
        tokio::join!(play(sound.clone(), microphone, false), play(pictures.clone(), camera, false));
    let (_bob, recorded) = soon("both tracks", recording).await.unwrap();
    drop((microphone.unwrap(), camera.unwrap()));
    for recorded in recorded {
        let (path, count) = soon("the end of a recording", recorded).await.unwrap();
        if path.extension().unwrap() == "opus" {
            assert_eq!(path, kept.join("ann-microphone.opus"));
            if count < 60 && !is_last {
                return false;
            }
            assert_eq!(count, 60);
            assert_eq!(read_opus(&path), read_opus(&sound));
        } else {
            assert_eq!(path, kept.join("ann-camera.ivf"));
            if count < 40 && !is_last {
                return false;
            }
            assert_eq!(count, 40);
            let mut reader = IvfReader::new(BufReader::new(File::open(&path).unwrap())).unwrap();
            for number in 0..40_u32 {
                assert_eq!(reader.frame().unwrap(), Some((u64::from(number) * 3_000, picture(number))));
            }
        }
    }
    true
}
