use super::*;

const SIZE: [usize; 2] = [9, 12];

fn checked(augmentations: &[Augmentation], shape: &[usize]) -> Result<Option<Augmenter>, Vec<String>> {
    checked_for(SampleKind::Features, augmentations, shape)
}

fn checked_for(
    kind: SampleKind,
    augmentations: &[Augmentation],
    shape: &[usize],
) -> Result<Option<Augmenter>, Vec<String>> {
    let options = AugmentationOptions { augment: Some(augmentations.to_vec()) };
    let mut problems = Problems::default();
    let augmenter = options.check(Samples { shape, kind }, &mut problems);
    problems.none_or(augmenter).map_err(|error| error.problems.iter().map(ToString::to_string).collect())
}

fn augmenter(augmentations: &[Augmentation]) -> Augmenter {
    checked(augmentations, &SIZE).expect("amounts that fit").expect("at least one augmentation")
}

/// A different value for each pixel.
fn picture() -> Vec<f32> {
    (0..SIZE.iter().product()).map(|index: usize| index as f32).collect()
}

fn augmented(augmentations: &[Augmentation], step: u64, index: usize) -> Vec<f32> {
    let augmenter = augmenter(augmentations);
    let context = LossContext::Training { seed: 7, step, epochs: 0.0 };
    let (row, mut into) = (picture(), vec![f32::NAN; picture().len()]);
    augmenter.at(context).expect("a training step").apply(index, &Row::F32(&row), &mut into);
    into
}

#[test]
fn a_row_is_augmented_alike_within_a_step_and_differently_at_another_step_or_position() {
    let all = [Augmentation::Flip, Augmentation::Shift(2), Augmentation::Crop(4), Augmentation::Rotate(10.0)];
    assert_eq!(augmented(&all, 3, 5), augmented(&all, 3, 5));
    assert_ne!(augmented(&all, 3, 5), augmented(&all, 4, 5));
    assert_ne!(augmented(&all, 3, 5), augmented(&all, 3, 6));
}

#[test]
fn an_evaluation_is_not_augmented() {
    assert!(augmenter(&[Augmentation::Flip]).at(LossContext::Evaluation { seed: 7, batch: 0 }).is_none());
}

#[test]
fn half_of_the_images_are_flipped_and_the_others_are_unchanged() {
    let mirrored: Vec<f32> = picture().chunks(SIZE[1]).flat_map(|line| line.iter().rev().copied()).collect();
    let images: Vec<Vec<f32>> = (0..1000).map(|index| augmented(&[Augmentation::Flip], 1, index)).collect();
    assert!(images.iter().all(|image| *image == mirrored || *image == picture()));
    let flipped = images.iter().filter(|image| **image == mirrored).count();
    // Four standard deviations of a binomial with 1000 trials.
    assert!((437..=563).contains(&flipped), "{flipped}");
}

#[test]
fn every_shift_of_at_most_the_given_pixels_is_equally_frequent() {
    let mut counts = std::collections::BTreeMap::new();
    for index in 0..2500 {
        // Away from the edges, the value names the position in the picture.
        let centre = augmented(&[Augmentation::Shift(2)], 1, index)[4 * SIZE[1] + 6] as usize;
        *counts.entry((centre / SIZE[1], centre % SIZE[1])).or_insert(0) += 1;
    }
    let expected: Vec<(usize, usize)> = (2..=6).flat_map(|y| (4..=8).map(move |x| (y, x))).collect();
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), expected);
    // Four standard deviations of a binomial with 2500 trials and a probability of 1/25.
    assert!(counts.values().all(|count| (61..=139).contains(count)), "{counts:?}");
}

#[test]
fn another_augmentation_does_not_change_which_images_are_flipped() {
    for index in 0..20 {
        let flipped = augmented(&[Augmentation::Flip], 1, index);
        let both = augmented(&[Augmentation::Flip, Augmentation::Rotate(1e-9)], 1, index);
        // The angle is far below what 32-bit positions resolve.
        assert!(flipped.iter().zip(&both).all(|(one, other)| (one - other).abs() < 1e-3), "{index}");
    }
}

#[test]
fn a_list_gives_the_same_options_and_no_augmentation_gives_none() {
    let list = [Augmentation::Rotate(0.5), Augmentation::Flip];
    assert_eq!(Augmenter::options(Some(&augmenter(&list))).augment, Some(list.to_vec()));
    assert_eq!(checked(&[], &[64]), Ok(None));
    assert_eq!(Augmenter::options(None), AugmentationOptions::default());
}

#[test]
fn every_wrong_amount_repeated_name_and_shape_is_reported() {
    let (shift, crop) = (Augmentation::Shift, Augmentation::Crop);
    let problems = |list: &[Augmentation], shape: &[usize]| checked(list, shape).expect_err("a problem");
    assert_eq!(
        problems(&[shift(0), crop(9), Augmentation::Rotate(-1.0), shift(9)], &SIZE),
        [
            "`augment` contains shift more than once; keep one of them",
            "`augment` has shift:0, which changes nothing; pass at least shift:1, or leave it out",
            "`augment` has crop:9, but images have only 9 x 12 pixels; pass at most crop:8",
            "`augment` has rotate:-1, but the angle must be above 0 and at most 180 degrees",
            "`augment` has shift:9, but images have only 9 x 12 pixels; pass at most shift:8",
        ]
    );
    assert_eq!(
        problems(&[Augmentation::Flip, crop(0)], &[64]),
        [
            "`augment` has crop:0, which changes nothing; pass at least crop:1, or leave it out",
            "`augment` transforms images of shape [height, width] or [height, width, channels], but samples have the \
             shape [64]; leave it out",
        ]
    );
    assert_eq!(
        problems(&[crop(1)], &[1, 5, 3]),
        ["`augment` has crop:1, but images have only 1 x 5 pixels; leave it out"]
    );
    let series = checked_for(SampleKind::Series, &[Augmentation::Flip], &SIZE).expect_err("no image").join("");
    assert!(series.contains("but samples are series; leave it out"), "{series}");
    assert!(checked(&[shift(8), crop(8), Augmentation::Rotate(180.0)], &[9, 12, 3]).is_ok());
}

#[test]
fn augmentations_are_parsed_from_their_display_form_and_invalid_text_is_rejected() {
    for text in ["flip", "shift:2", "crop:4", "rotate:10", "rotate:0.5"] {
        assert_eq!(text.parse::<Augmentation>().map(|augmentation| augmentation.to_string()), Ok(text.to_owned()));
    }
    for text in ["", "flip:1", "shift", "shift:-1", "shift:1.5", "crop:x", "rotate:nan", "zoom:2", "Flip"] {
        assert!(text.parse::<Augmentation>().expect_err(text).contains(&format!("`{text}` is not an augmentation")));
    }
}
