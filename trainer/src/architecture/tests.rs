//! Tests of the problems that convolutions can have, and of the way from options to settings and back.

use narrows_bundle::Kind;
use narrows_data::Dataset;
use ndarray::Array3;

use super::*;
use crate::{Config, Options, Pretrain};

fn images() -> Dataset {
    Dataset::from_array("images", Array3::<u8>::zeros((20, 12, 9))).expect("images")
}

fn conv(change: impl FnOnce(&mut ArchitectureOptions)) -> Options {
    Options::new(Kind::Ae).with(|options| {
        options.architecture.architecture = Some(ArchitectureName::Conv);
        change(&mut options.architecture);
    })
}

#[test]
fn effective_options_reproduce_the_configuration() {
    let options = conv(|options| {
        options.filters = Some(vec![3, 5]);
        options.hidden = Some(vec![7]);
        options.kernel_size = Some(5);
        options.stride = Some(3);
    });
    for options in [options, conv(|_| {})] {
        let config = Config::check(&options, &images()).expect("possible convolutions");
        let toml = config.effective().to_toml().expect("plain values");
        let read = Options::from_toml(&toml).expect("just written");
        assert_eq!(Config::check(&read, &images()), Ok(config), "{toml}");
    }
}

#[test]
fn impossible_convolutions_are_rejected_with_the_layer_and_its_map() {
    let data = images();
    let message = |change: &dyn Fn(&mut ArchitectureOptions)| {
        let options = Options::new(Kind::Ae).with(|options| {
            options.architecture.architecture = Some(ArchitectureName::Conv);
            change(&mut options.architecture);
        });
        Config::check(&options, &data).expect_err("impossible").to_string()
    };
    let filters = |filters: &[usize]| message(&|options| options.filters = Some(filters.to_vec()));
    assert!(filters(&[]).contains("at least one layer"), "{}", filters(&[]));
    assert!(filters(&[4, 0]).contains("[4, 0]"));
    let long = message(&|options| (options.filters, options.stride) = (Some(vec![4; 1001]), Some(1)));
    assert!(long.contains("`filters` gives 1001 convolutions, but at most 1000"), "{long}");
    let blocks = message(&|options| {
        options.architecture = Some(ArchitectureName::Resnet);
        options.blocks = Some(usize::MAX);
    });
    assert!(blocks.starts_with("`blocks` gives") && blocks.contains("at most 1000"), "{blocks}");
    let deep = filters(&[4; 6]);
    assert!(deep.contains("`encoder.conv4`") && deep.contains("map of 1 x 1"), "{deep}");
    let large = message(&|options| options.kernel_size = Some(19));
    assert!(large.contains("map of 12 x 9 for its kernel of 19"), "{large}");
    let largest = message(&|options| options.kernel_size = Some(usize::MAX));
    assert!(largest.contains("for its kernel of"), "{largest}");
    assert!(message(&|options| options.kernel_size = Some(4)).contains("must be odd"));
    assert!(message(&|options| options.stride = Some(0)).contains("at least 1"));
    assert!(message(&|options| options.stride = Some(usize::MAX)).contains("at most 12 values"));
    let wide = filters(&[30_000, 30_000]);
    assert!(wide.starts_with("`filters` is [30000, 30000]") && wide.contains("use fewer filters"), "{wide}");
    let huge = filters(&[usize::MAX; 2]);
    assert!(huge.contains("use fewer filters"), "{huge}");
}

#[test]
fn maps_that_exceed_memory_are_rejected_with_the_batch_size() {
    let data = Dataset::from_array("images", Array3::<u8>::zeros((64, 256, 256))).expect("images");
    let options = conv(|options| options.filters = Some(vec![600])).with(|options| {
        options.architecture.stride = Some(1);
        options.split.valid_fraction = Some(0.0);
    });
    let message = Config::check(&options, &data).expect_err("too many values").to_string();
    assert!(message.contains("a step of 64 rows") && message.contains("lower it"), "{message}");
}

#[test]
fn options_that_need_the_other_architecture_are_rejected() {
    let data = images();
    let keys = |change: &dyn Fn(&mut Options), architecture| {
        let options = Options::new(Kind::Ae).with(|options| {
            options.architecture.architecture = Some(architecture);
            change(options);
        });
        let problems = Config::check(&options, &data).expect_err("contradictory options").problems;
        problems.into_iter().map(|problem| problem.key).collect::<Vec<_>>()
    };
    assert_eq!(keys(&|options| options.code.tied = Some(true), ArchitectureName::Conv), ["tied"]);
    assert_eq!(
        keys(&|options| options.pretrain.pretrain = Some(Pretrain::Layerwise), ArchitectureName::Conv),
        ["pretrain"]
    );
    let conv = |options: &mut Options| {
        options.architecture.filters = Some(vec![4]);
        options.architecture.stride = Some(2);
    };
    assert_eq!(keys(&conv, ArchitectureName::Mlp), ["filters", "stride"]);
}
